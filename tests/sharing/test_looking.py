"""`share` and `node` of shares: who sees what, and what it costs."""

import logging

import pytest

from models.accounts import User
from tests.sharing.cards import TITLE, look, made, open_card
from tests.world import World

pytestmark = pytest.mark.anyio
NODE = "query ($id: ID!) { node(id: $id) { __typename id ... on Share { code title visits newUsers } } }"
BAD = "x" * 43


async def name(world: World, user_id: str) -> None:
    async def write() -> None:
        await User.filter(id=user_id).update(nickname="小美", avatar_url="https://a.example/1.png", city="Shenzhen")

    await world.units.run(write)


async def test_each_field_is_seen_by_whom_it_may(world: World) -> None:
    owner = await world.sign_in()
    await name(world, owner["user"]["id"])
    share = await made(world, owner["token"])
    other = (await world.sign_in(share_code=share["code"]))["token"]
    await open_card(world, other, share["code"])
    known = {"id": share["id"], "code": share["code"], "title": TITLE}
    card = {
        "path": share["path"],
        "imageUrl": None,
        "sharedBy": {"nickname": "小美", "avatarUrl": "https://a.example/1.png"},
    }

    for token, count in ((None, None), (BAD, None), (other, None), (owner["token"], 1)):
        numbers = {"visits": count, "newUsers": count}
        assert await look(world, share["code"], token) == known | card | numbers
        node = await world.ask(NODE, token, {"id": share["id"]})
        assert node == {"data": {"node": {"__typename": "Share"} | known | numbers}}


async def test_what_is_unknown_is_null_whatever_the_token(world: World) -> None:
    code = (await made(world, (await world.sign_in())["token"]))["code"]

    for unknown in (code + "x", code[:-1], code.swapcase(), "", "x" * 5000, "a b", "茶", "\u0000", "' OR 1=1 --", "%"):
        assert await look(world, unknown) is None
        assert await look(world, unknown, BAD) is None
    for token in (None, BAD):
        for unknown in ("shr_", "shr_x", "shr_" + "x" * 2000, "shr_\u0000"):
            assert await world.ask(NODE, token, {"id": unknown}) == {"data": {"node": None}}


async def test_a_look_costs_a_fixed_number_of_statements(world: World, caplog: pytest.LogCaptureFixture) -> None:
    owner, other = (await world.sign_in())["token"], (await world.sign_in())["token"]
    share = await made(world, owner)
    for _ in range(5):
        await open_card(world, (await world.sign_in(share_code=share["code"]))["token"], share["code"])
    caplog.set_level(logging.DEBUG, "tortoise.db_client")

    async def cost(token: str | None, code: str) -> int:
        caplog.clear()
        await look(world, code, token)
        return sum(record.name == "tortoise.db_client" for record in caplog.records)

    assert await cost(None, share["code"]) == 1
    assert await cost(None, "no such code") == 0
    assert await cost(other, share["code"]) == 2  # the session, the share with its owner
    assert await cost(owner, share["code"]) == 4  # and two counts


async def test_a_share_ends_with_the_account_of_its_sharer(world: World) -> None:
    openid = await world.person()
    owner = await world.sign_in(openid)
    await name(world, owner["user"]["id"])
    share = await made(world, owner["token"])
    deleted = await world.ask(
        "mutation ($code: String!) { deleteAccount(code: $code) { __typename } }",
        owner["token"],
        {"code": await world.code(openid)},
    )
    assert deleted["data"] == {"deleteAccount": {"__typename": "DeleteAccountSuccess"}}

    assert await look(world, share["code"]) is None
