"""session_keys: the last two are kept, and the one that WeChat calls current is preferred."""

import pytest
from cryptography.fernet import Fernet

from models.accounts import Identity
from models.encryption import Cipher
from services.accounts.session_keys import SessionKeys
from tests.world import World, open_world

pytestmark = pytest.mark.anyio
CURRENT = "{ session { isWechatSessionCurrent } }"
TOKEN_PATH = "/cgi-bin/stable_token"
CHECK_PATH = "/wxa/checksession"


async def is_current(world: World, token: str) -> bool | None:
    answer = await world.ask(CURRENT, token)
    assert "errors" not in answer
    current: bool | None = answer["data"]["session"]["isWechatSessionCurrent"]
    return current


async def test_the_key_is_current_until_the_phone_has_a_new_one(world: World) -> None:
    openid = await world.person()
    token = (await world.sign_in(openid))["token"]

    before = await is_current(world, token)
    await world.order("session-key/rotate", {"openid": openid})
    rotated = await is_current(world, token)
    await world.sign_in(openid)
    renewed = await is_current(world, token)

    assert (before, rotated, renewed) == (True, False, True)


async def test_the_kept_key_that_passes_becomes_the_current_one(world: World) -> None:
    """Two logins whose answers arrived out of order leave the newer key in the second place."""
    openid = await world.person()
    await world.sign_in(openid)
    await world.order("session-key/rotate", {"openid": openid})
    token = (await world.sign_in(openid))["token"]
    in_order = await world.read(Identity.get)
    await world.units.run(swap)

    first = await is_current(world, token)
    calls = await world.calls(CHECK_PATH)
    second = await is_current(world, token)

    assert (first, second) == (True, True)
    assert await world.calls(CHECK_PATH) == calls + 1
    kept = await world.read(Identity.get)
    assert (kept.session_key, kept.previous_session_key) == (in_order.session_key, in_order.previous_session_key)


async def swap() -> None:
    identity = await Identity.get()
    assert identity.previous_session_key is not None
    await Identity.filter(id=identity.id).update(
        session_key=identity.previous_session_key, previous_session_key=identity.session_key
    )


async def test_the_last_two_keys_are_kept_and_one_that_comes_again_changes_nothing(world: World) -> None:
    await world.sign_in()
    keys = SessionKeys(Cipher([Fernet.generate_key().decode()]))

    async def add(session_key: str) -> list[str]:
        await keys.add(await Identity.get(), session_key)
        return [key for key, _ in keys.candidates(await Identity.get())]

    kept = [await world.units.run(add, key) for key in ("one", "two", "one", "two", "three", "two", "one")]

    assert kept == [
        ["one"],  # the key of the sign-in was sealed with another secret
        ["two", "one"],
        ["two", "one"],
        ["two", "one"],
        ["three", "two"],
        ["three", "two"],
        ["one", "three"],
    ]


async def test_one_access_token_serves_every_check(world: World) -> None:
    token = (await world.sign_in())["token"]

    answers = [await is_current(world, token) for _ in range(3)]

    assert answers == [True] * 3
    assert (await world.calls(TOKEN_PATH), await world.calls(CHECK_PATH)) == (1, 3)


async def test_a_refused_access_token_is_repaired_once(world: World) -> None:
    token = (await world.sign_in())["token"]
    await is_current(world, token)
    await world.fault("errcode:40001", CHECK_PATH)

    assert await is_current(world, token) is True
    assert (await world.calls(TOKEN_PATH), await world.calls(CHECK_PATH)) == (2, 3)


@pytest.mark.parametrize("fault", ["errcode:-1", "http:500", "reset", "garbage"])
async def test_it_cannot_be_told_while_wechat_is_away(world: World, fault: str) -> None:
    token = (await world.sign_in())["token"]
    await world.fault(fault, CHECK_PATH)

    assert await is_current(world, token) is None
    assert await is_current(world, token) is True


async def test_a_dropped_secret_key_costs_the_session_key_and_no_sign_in(database_url: str) -> None:
    async with open_world(database_url) as world:
        openid = await world.person()
        token = (await world.sign_in(openid))["token"]
        state = world.sandbox.wechat.state.to_json()
    async with open_world(database_url, secret_keys=Fernet.generate_key().decode()) as world:
        world.sandbox.wechat.state.load_json(state)

        before = await is_current(world, token)
        again = await world.sign_in(openid)
        after = await is_current(world, again["token"])

    assert (before, after) == (False, True)
    assert again["isNewUser"] is False
