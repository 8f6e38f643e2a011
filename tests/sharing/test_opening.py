"""`openShare`: a visit counts once for a user and a share, never the sharer's own; the group is a hint."""

import asyncio
from typing import Any

import pytest

from tests.sharing.cards import OPEN, counts, made, open_card, stored
from tests.world import World, error_codes, gather

pytestmark = pytest.mark.anyio


async def share_info(world: World, openid: str, group: str | None = None) -> dict[str, str]:
    answer = await world.order("wx/getShareInfo", {"openid": openid} | ({"group": group} if group else {}))
    assert answer["errMsg"] == "getShareInfo:ok"
    return {"encryptedData": answer["encryptedData"], "iv": answer["iv"]}


async def test_a_visit_counts_once_for_a_user_and_never_the_sharers_own(world: World) -> None:
    owner, friend, other = [(await world.sign_in())["token"] for _ in range(3)]
    code = (await made(world, owner))["code"]

    results = [await open_card(world, token, code) for token in (friend, friend, other, owner, friend)]

    assert [result["__typename"] for result in results] == ["OpenShareSuccess"] * 5
    assert [result["groupId"] for result in results] == [None] * 5
    assert [result["share"]["visits"] for result in results] == [None, None, None, 2, None]
    assert await counts(world, code, owner) == (2, 0)
    assert await stored(world) == (1, 2, 0)


async def test_without_a_session_or_a_known_code_nothing_is_counted(world: World) -> None:
    openid = await world.person()
    token = (await world.sign_in(openid))["token"]

    for code in ("", "unknown-code", "x" * 33, "茶", "\u0000", "a b"):
        refused = await open_card(world, token, code, group=await share_info(world, openid))
        assert (refused["__typename"], refused["code"], refused["recovery"]) == ("Refusal", "SHARE_NOT_FOUND", "NONE")
    known = (await made(world, token))["code"]
    for bad in (None, "no-such-token"):
        answer = await world.ask(OPEN, bad, {"input": {"code": known}})
        assert answer["data"] == {"openShare": None}
        assert error_codes(answer) == ["UNAUTHENTICATED"]

    assert await stored(world) == (1, 0, 0)


async def test_the_group_is_told_and_is_the_same_for_the_same_group(world: World) -> None:
    openids = [await world.person() for _ in range(2)]
    tokens = [(await world.sign_in(openid))["token"] for openid in openids]
    owner = (await world.sign_in())["token"]
    code = (await made(world, owner))["code"]

    async def group(index: int, name: str) -> str:
        opened = await open_card(world, tokens[index], code, group=await share_info(world, openids[index], name))
        return str(opened["groupId"])

    assert await group(0, "family") == await group(1, "family") != await group(0, "work")
    assert len(await group(0, "family")) == 29
    assert await counts(world, code, owner) == (2, 0)


async def test_the_last_two_session_keys_are_tried_and_an_older_one_counts_nothing(world: World) -> None:
    openid = await world.person()
    token = (await world.sign_in(openid))["token"]
    owner = (await world.sign_in())["token"]
    code = (await made(world, owner))["code"]
    groups = [await share_info(world, openid)]
    for _ in range(2):
        await world.order("session-key/rotate", {"openid": openid})
        await world.sign_in(openid)
        groups.append(await share_info(world, openid))

    stale = await open_card(world, token, code, group=groups[0])
    assert (stale["__typename"], stale["code"]) == ("WeChatProblem", "SESSION_KEY_STALE")
    assert stale["recovery"] == "SIGN_IN"
    assert await stored(world) == (1, 0, 0)

    opened = [await open_card(world, token, code, group=group) for group in groups[1:]]
    assert [result["__typename"] for result in opened] == ["OpenShareSuccess"] * 2
    assert opened[0]["groupId"] == opened[1]["groupId"] is not None


async def test_a_group_that_is_none_of_the_viewers_counts_nothing(world: World) -> None:
    openid, stranger = await world.person(), await world.person()
    token = (await world.sign_in(openid))["token"]
    await world.sign_in(stranger)
    code = (await made(world, (await world.sign_in())["token"]))["code"]
    good = await share_info(world, openid)
    phone = await world.order("wx/getPhoneNumber", {"openid": openid})
    bad: list[dict[str, Any]] = [
        await share_info(world, stranger),
        good | {"iv": "AAAA"},
        good | {"encryptedData": ""},
        good | {"encryptedData": "x" * 4000},
        good | {"encryptedData": good["encryptedData"][:-4]},
        {"encryptedData": phone["encryptedData"], "iv": phone["iv"]},
    ]

    results = [await open_card(world, token, code, group=group) for group in bad]

    assert [result["__typename"] for result in results if result["__typename"] == "OpenShareSuccess"] == []
    assert {result["code"] for result in results} == {"INVALID_INPUT", "SESSION_KEY_STALE"}
    assert (results[-1]["code"], results[-1]["field"]) == ("INVALID_INPUT", "group.encryptedData")
    assert all(result["field"].startswith("group") for result in results if result["code"] == "INVALID_INPUT")
    assert await stored(world) == (1, 0, 0)
    assert (await open_card(world, token, code, group=good))["__typename"] == "OpenShareSuccess"


async def test_a_user_who_opens_fifty_times_at_once_is_one_visit(world: World) -> None:
    owner, friend = (await world.sign_in())["token"], (await world.sign_in())["token"]
    code = (await made(world, owner))["code"]

    results = await asyncio.gather(*(open_card(world, token, code) for token in [friend] * 45 + [owner] * 5))

    assert {result["__typename"] for result in results} == {"OpenShareSuccess"}
    assert await counts(world, code, owner) == (1, 0)


async def test_forty_users_at_once_are_forty_visits(world: World) -> None:
    owner = (await world.sign_in())["token"]
    code = (await made(world, owner))["code"]
    tokens = [str(result["token"]) for result in await gather([world.sign_in() for _ in range(40)])]

    await gather([open_card(world, token, code) for token in tokens * 2])

    assert await counts(world, code, owner) == (40, 0)
