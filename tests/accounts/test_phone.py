"""The phone number: proven by WeChat, held by one user, visible to its owner alone."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from models.accounts import Phone
from tests.accounts.operations import BIND_PHONE, UNBIND_PHONE, do, encrypted, me, phone_event
from tests.databases import Databases
from tests.world import World, open_world

pytestmark = pytest.mark.anyio
CALL = "/wxa/business/getuserphonenumber"


async def signed_in(world: World, phone: str | None = None) -> tuple[str, str]:
    """(openid, token)"""
    openid = await world.person(**({"phone": phone} if phone else {}))
    return openid, (await world.sign_in(openid))["token"]


async def bind(world: World, token: str, **input_: Any) -> dict[str, Any]:
    return await do(world, BIND_PHONE, token, input=input_)


async def holders(world: World) -> list[str]:
    return [phone.user_id for phone in await world.read(Phone.all)]


@pytest.mark.parametrize("way", ["code", "encrypted"])
async def test_both_ways_bind_the_number_that_wechat_proves(world: World, way: str) -> None:
    openid, token = await signed_in(world, "13800138000")
    event = await phone_event(world, openid)

    bound = await bind(world, token, **({"code": event["code"]} if way == "code" else encrypted(event)))

    phone = bound["user"]["phone"]
    assert (phone["number"], phone["masked"], phone["countryCode"]) == ("+8613800138000", "138****8000", "86")
    assert (await me(world, token))["phone"] == phone


@pytest.mark.parametrize("country_code", ["string", "number"])
async def test_a_foreign_number_keeps_its_country(world: World, country_code: str) -> None:
    openid, token = await signed_in(world, "+447700900123")
    event = await phone_event(world, openid, countryCodeAs=country_code)

    by_code = await bind(world, token, code=event["code"])
    by_data = await bind(world, token, **encrypted(event))

    for bound in (by_code, by_data):
        assert bound["user"]["phone"]["number"] == "+447700900123"
        assert bound["user"]["phone"]["countryCode"] == "44"


async def test_rebinding_replaces_and_unbinding_frees(world: World) -> None:
    openid, token = await signed_in(world, "13800138000")
    await bind(world, token, code=(await phone_event(world, openid))["code"])
    await world.person(openid=openid, phone="13900139000")

    rebound = await bind(world, token, code=(await phone_event(world, openid))["code"])
    unbound = await do(world, UNBIND_PHONE, token)
    again = await do(world, UNBIND_PHONE, token)

    assert rebound["user"]["phone"]["number"] == "+8613900139000"
    assert unbound["user"]["phone"] is None
    assert again["user"]["phone"] is None
    assert await holders(world) == []


async def test_a_number_of_another_user_is_refused_without_a_hint(world: World) -> None:
    first, first_token = await signed_in(world, "13800138000")
    second, second_token = await signed_in(world, "13800138000")
    await bind(world, first_token, code=(await phone_event(world, first))["code"])

    by_code = await bind(world, second_token, code=(await phone_event(world, second))["code"])
    by_data = await bind(world, second_token, **encrypted(await phone_event(world, second)))

    for refused in (by_code, by_data):
        assert (refused["__typename"], refused["code"], refused["recovery"]) == ("Refusal", "PHONE_TAKEN", "NONE")
        assert refused["message"] == "This number belongs to another user."
    assert (await me(world, first_token))["phone"]["number"] == "+8613800138000"
    assert (await me(world, second_token))["phone"] is None


async def test_the_setting_moves_a_number_for_proofs_by_code_alone(database_url: str) -> None:
    async with open_world(database_url, phone_conflict="move") as world:
        first, first_token = await signed_in(world, "13800138000")
        second, second_token = await signed_in(world, "13800138000")
        await bind(world, first_token, code=(await phone_event(world, first))["code"])

        by_data = await bind(world, second_token, **encrypted(await phone_event(world, second)))
        by_code = await bind(world, second_token, code=(await phone_event(world, second))["code"])

        assert by_data["code"] == "PHONE_TAKEN"
        assert by_code["user"]["phone"]["number"] == "+8613800138000"
        assert (await me(world, first_token))["phone"] is None


async def test_a_move_is_told_in_the_log_with_both_users_and_no_number(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_world(database_url, phone_conflict="move") as world:
        openids = [await world.person(phone="13800138000") for _ in range(2)]
        people = [await world.sign_in(openid) for openid in openids]

        for openid, person in zip(openids * 2, people * 2, strict=True):
            await bind(world, person["token"], code=(await phone_event(world, openid))["code"])
        await bind(world, people[1]["token"], code=(await phone_event(world, openids[1]))["code"])

        first, second = [person["user"]["id"] for person in people]
        told = [record.__dict__ for record in caplog.records if record.name == "services.accounts.phones"]
        assert [(each["levelname"], each["user"], each["lost_by"]) for each in told] == [
            ("WARNING", second, first),
            ("WARNING", first, second),
            ("WARNING", second, first),
        ]
        assert "138" not in " ".join(each["msg"] for each in told)


async def test_codes_of_others_used_ones_and_login_codes_are_refused(world: World) -> None:
    openid, token = await signed_in(world)
    stranger, _ = await signed_in(world)
    used = (await phone_event(world, openid))["code"]
    await bind(world, token, code=used)
    await do(world, UNBIND_PHONE, token)
    codes = [used, (await phone_event(world, stranger))["code"], await world.code(openid), "nonsense"]

    refused = [await bind(world, token, code=code) for code in codes]

    assert [(result["code"], result["recovery"], result["errcode"]) for result in refused] == [
        ("PHONE_CODE_INVALID", "FRESH_CODE", "40029")
    ] * 4
    assert await holders(world) == []


@pytest.mark.parametrize("fault", ["errcode:-1", "http:500", "reset", "reset-after", "garbage", "delay:4"])
async def test_a_code_is_never_sent_twice(world: World, fault: str) -> None:
    openid, token = await signed_in(world)
    event = await phone_event(world, openid)
    await world.fault(fault, CALL)

    refused = await bind(world, token, code=event["code"])

    assert (refused["code"], refused["recovery"]) == ("WECHAT_UNAVAILABLE", "RETRY")
    assert await world.calls(CALL) == 1
    assert await holders(world) == []


async def test_a_refused_access_token_is_the_one_reason_to_repeat(world: World) -> None:
    openid, token = await signed_in(world)
    event = await phone_event(world, openid)
    await world.fault("errcode:40001", CALL)

    bound = await bind(world, token, code=event["code"])

    assert bound["__typename"] == "BindPhoneSuccess"
    assert await world.calls(CALL) == 2


async def test_another_users_data_and_stale_keys_are_refused(world: World) -> None:
    openid, token = await signed_in(world)
    stranger, _ = await signed_in(world)
    foreign = await bind(world, token, **encrypted(await phone_event(world, stranger)))
    await world.order("session-key/rotate", {"openid": openid})
    stale = await bind(world, token, **encrypted(await phone_event(world, openid)))

    assert [result["code"] for result in (foreign, stale)] == ["SESSION_KEY_STALE"] * 2
    assert await holders(world) == []


async def test_fifty_users_race_for_one_number(world: World) -> None:
    people = [await signed_in(world, "13800138000") for _ in range(50)]
    codes = [(token, (await phone_event(world, openid))["code"]) for openid, token in people]

    results = await asyncio.gather(*(bind(world, token, code=code) for token, code in codes))

    assert Counter(result["__typename"] for result in results) == {"BindPhoneSuccess": 1, "Refusal": 49}
    assert len(await holders(world)) == 1


async def test_thirty_users_race_to_move_one_number(database_url: str) -> None:
    async with open_world(database_url, phone_conflict="move") as world:
        people = [await signed_in(world, "13800138000") for _ in range(30)]
        codes = [(token, (await phone_event(world, openid))["code"]) for openid, token in people]

        results = await asyncio.gather(*(bind(world, token, code=code) for token, code in codes))

        assert Counter(result["__typename"] for result in results) == {"BindPhoneSuccess": 30}
        assert len(await holders(world)) == 1


async def test_two_users_swap_their_numbers_at_once(database_url: str) -> None:
    numbers = ("13800138000", "13900139000")
    async with open_world(database_url, phone_conflict="move") as world:
        pairs = [await signed_in(world, number) for number in numbers]
        for round_ in range(6):
            for (openid, _), number in zip(pairs, numbers[:: 1 if round_ % 2 else -1], strict=True):
                await world.person(openid=openid, phone=number)
            codes = [(token, (await phone_event(world, openid))["code"]) for openid, token in pairs]

            results = await asyncio.gather(*(bind(world, token, code=code) for token, code in codes))

            assert {result["__typename"] for result in results} == {"BindPhoneSuccess"}


async def test_one_user_races_for_fifty_numbers(world: World) -> None:
    openid, token = await signed_in(world)
    codes = []
    for number in range(50):
        await world.person(openid=openid, phone=f"138001380{number:02}")
        codes.append((await phone_event(world, openid))["code"])

    results = await asyncio.gather(*(bind(world, token, code=code) for code in codes))

    assert Counter(result["__typename"] for result in results) == {"BindPhoneSuccess": 50}
    assert len(await holders(world)) == 1


async def test_a_dump_holds_no_number(databases: Databases) -> None:
    url = databases.fresh()
    async with open_world(url) as world:
        openid, token = await signed_in(world, "13800138000")
        await bind(world, token, code=(await phone_event(world, openid))["code"])
        dump = databases.dump(url)

    assert b"13800138000" not in dump
    assert openid.encode() in dump
