"""Data from the phone that is older than the setting allows, in each place that takes such data."""

import time
from typing import Any

import pytest

from models.accounts import Phone
from tests.accounts.operations import BIND_PHONE, UPDATE_PROFILE, do, encrypted, me, phone_event, user_info
from tests.sharing.cards import made, open_card, stored
from tests.world import World, open_world

pytestmark = pytest.mark.anyio
SECONDS = 12
"""How old the data are, by real time, as it is in their watermark."""


async def use_old_data(world: World, token: str, openid: str) -> list[dict[str, Any]]:
    """What becomes of a profile, a number and a group that the phone gave a while ago."""
    code = (await made(world, (await world.sign_in())["token"]))["code"]
    clock = world.sandbox.wechat.clock
    real, clock.real = clock.real, lambda: time.time() - SECONDS
    profile, phone = await user_info(world, openid), await phone_event(world, openid)
    group = await world.order("wx/getShareInfo", {"openid": openid})
    clock.real = real
    return [
        await do(world, UPDATE_PROFILE, token, input=encrypted(profile)),
        await do(world, BIND_PHONE, token, input=encrypted(phone)),
        await open_card(world, token, code, group=encrypted(group)["encrypted"]),
    ]


async def outcome(database_url: str, max_age: int) -> tuple[list[dict[str, Any]], str | None, int, tuple[int, ...]]:
    """The results; then the nickname, the phones, and shares, visits and attributions that are stored."""
    async with open_world(database_url, phone_data_max_age=max_age) as world:
        openid = await world.person(nickname="阿丽", phone="13800138000")
        token = (await world.sign_in(openid))["token"]
        results = await use_old_data(world, token, openid)
        phones = await world.read(lambda: Phone.all().count())
        return results, (await me(world, token))["nickname"], phones, await stored(world)


async def test_what_is_older_than_the_setting_is_refused_and_changes_nothing(database_url: str) -> None:
    results, *kept = await outcome(database_url, max_age=SECONDS - 2)

    issues = [(result["__typename"], result["issues"]) for result in results]
    message = "is not fresh data of this user in this mini program"
    assert issues == [
        ("InvalidInput", [{"field": field, "message": message}]) for field in ("encrypted", "encrypted", "group")
    ]
    assert kept == [None, 0, (1, 0, 0)]


async def test_what_is_not_older_than_the_setting_is_taken(database_url: str) -> None:
    results, *kept = await outcome(database_url, max_age=SECONDS * 10)

    assert [result["__typename"] for result in results] == [
        "UpdateProfileSuccess",
        "BindPhoneSuccess",
        "OpenShareSuccess",
    ]
    assert kept == ["阿丽", 1, (1, 1, 0)]
