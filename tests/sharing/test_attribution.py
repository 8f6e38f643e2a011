"""`login(shareCode)`: a new user is attributed once, for ever; a code never fails a login."""

import asyncio

import pytest

from models.accounts import Identity
from models.sharing import Attribution
from tests.sharing.cards import counts, made, open_card, stored
from tests.world import World, gather, rows

pytestmark = pytest.mark.anyio
UNIONID = "o-union-of-a-newcomer-0001"


async def sharer(world: World, appid: str | None = None) -> tuple[str, str]:
    """The token of somebody new, and the code of their share."""
    token = str((await world.sign_in(appid=appid))["token"])
    return token, str((await made(world, token))["code"])


async def test_a_new_user_is_attributed_and_an_existing_one_never(world: World) -> None:
    token, code = await sharer(world)
    newcomer, known = await world.person(), await world.person()
    await world.sign_in(known)

    first = await world.sign_in(newcomer, share_code=code)
    again = [await world.sign_in(openid, share_code=code) for openid in (newcomer, known)]

    assert (first["isNewUser"], [result["isNewUser"] for result in again]) == (True, [False, False])
    assert await counts(world, code, token) == (0, 1)
    (attribution,) = await world.read(lambda: Attribution.all().select_related("share"))
    assert (attribution.user_id, attribution.share.code) == (first["user"]["id"], code)
    assert newcomer not in attribution.person
    assert len(attribution.person) == 64


async def test_only_the_share_of_the_first_login_counts_and_never_ones_own(world: World) -> None:
    one, first = await sharer(world)
    two, second = await sharer(world)
    openid = await world.person()

    newcomer = await world.sign_in(openid, share_code=first)
    own = (await made(world, newcomer["token"]))["code"]
    for code in (second, own):
        await world.sign_in(openid, share_code=code)

    assert await counts(world, first, one) == (0, 1)
    assert await counts(world, second, two) == (0, 0)
    assert await counts(world, own, newcomer["token"]) == (0, 0)


async def test_an_unknown_or_ugly_code_never_fails_a_login(world: World) -> None:
    await sharer(world)

    for code in ("", "unknown", "x" * 33, "x" * 3000, "茶", "\u0000", "' OR 1=1 --", "\n", " "):
        assert (await world.sign_in(share_code=code))["isNewUser"] is True

    assert await stored(world) == (1, 0, 0)


async def test_who_is_known_from_another_mini_program_is_not_new(world: World) -> None:
    first, second = world.appids
    token, code = await sharer(world, first)
    await world.sign_in(await world.person(appid=second, unionid=UNIONID), second)

    result = await world.sign_in(await world.person(appid=first, unionid=UNIONID), first, share_code=code)

    assert result["isNewUser"] is False
    assert await counts(world, code, token) == (0, 0)
    assert await stored(world) == (1, 0, 0)


async def test_who_comes_again_after_deleting_the_account_is_not_counted_again(world: World) -> None:
    token, code = await sharer(world)
    openid = await world.person()
    for _ in range(2):
        newcomer = await world.sign_in(openid, share_code=code)
        assert newcomer["isNewUser"] is True
        await open_card(world, newcomer["token"], code)
        await world.ask(
            "mutation ($code: String!) { deleteAccount(code: $code) { __typename } }",
            newcomer["token"],
            {"code": await world.code(openid)},
        )
        assert await world.read(lambda: Identity.filter(openid=openid).count()) == 0

    other_token, other = await sharer(world)
    await world.sign_in(openid, share_code=other)

    assert (await counts(world, code, token))[1] == 1
    assert (await counts(world, other, other_token))[1] == 0


async def test_a_deleted_person_is_not_counted_again_from_another_mini_program(world: World) -> None:
    token, code = await sharer(world)
    first, second = world.appids
    openids = [await world.person(appid=appid, unionid=UNIONID) for appid in (first, second)]
    newcomer = await world.sign_in(openids[0], first, share_code=code)
    await world.sign_in(openids[1], second)
    await world.ask(
        "mutation ($code: String!) { deleteAccount(code: $code) { __typename } }",
        newcomer["token"],
        {"code": await world.code(openids[0], first)},
    )

    again = await world.sign_in(openids[1], second, share_code=code)

    assert again["isNewUser"] is True
    assert (await counts(world, code, token))[1] == 1


async def test_one_person_who_signs_in_ten_times_at_once_is_attributed_once(world: World) -> None:
    (one, first), (two, second) = [await sharer(world) for _ in range(2)]
    openid = await world.person()
    codes = [(await world.code(openid), share_code) for share_code in (first, second) * 5]

    results = await asyncio.gather(*(world.login(code, share_code=share_code) for code, share_code in codes))

    assert [result["isNewUser"] for result in results].count(True) == 1
    found = [await counts(world, first, one), await counts(world, second, two)]
    assert sorted(found) == [(0, 0), (0, 1)]


async def test_a_hundred_first_logins_at_once_are_each_counted_once(world: World) -> None:
    token, code = await sharer(world)
    openids = await gather([world.person() for _ in range(100)])
    codes = await gather([world.code(openid) for openid in openids])
    users = (await rows(world))[0]

    results = await asyncio.gather(*(world.login(login_code, share_code=code) for login_code in codes))
    opened = await gather([open_card(world, result["token"], code) for result in results * 2])

    assert {(result["__typename"], result["isNewUser"]) for result in results} == {("LoginSuccess", True)}
    assert {result["__typename"] for result in opened} == {"OpenShareSuccess"}
    assert await counts(world, code, token) == (100, 100)
    assert await stored(world) == (1, 100, 100)
    assert (await rows(world))[0] == users + 100
    attributed = await world.read(lambda: Attribution.all().values_list("user_id", flat=True))
    assert sorted(map(str, attributed)) == sorted(result["user"]["id"] for result in results)
