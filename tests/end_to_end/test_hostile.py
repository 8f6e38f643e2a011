"""The hostile corpus against the whole server, as in development and as in production."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import SqliteFolder
from tests.edge.harmless import assert_harmless, send
from tests.edge.hostile import HOSTILE_BODIES, Words, hostile_documents
from tests.world import World, open_world, rows

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}
WORDS = Words(call="node", argument="id", tree="me", tree_type="User", leaf="nickname", branch="me")
DOCUMENTS = list(hostile_documents(20_261_121, 200, WORDS))


@pytest.fixture(params=[True, False], ids=["development", "production"])
async def attacked(request: pytest.FixtureRequest, sqlite: SqliteFolder) -> AsyncIterator[World]:
    async with open_world(sqlite.fresh(), graphiql=request.param) as world:
        for document in DOCUMENTS[:20]:  # the first ones load what is loaded once
            await world.api.post("/graphql", content=document.body(), headers=JSON)
        yield world


async def test_hostile_bodies_are_answered_400_quickly_and_reach_nothing(attacked: World) -> None:
    for hostile in HOSTILE_BODIES:
        response = await send(attacked.api, hostile.body, dict(hostile.headers))
        assert (hostile.name, response.status_code) == (hostile.name, hostile.status)
        assert_harmless(response)

    assert await rows(attacked) == (0, 0, 0)
    assert await attacked.calls() == 0


async def test_hostile_documents_are_answered_quickly_and_block_nothing(attacked: World) -> None:
    token = (await attacked.sign_in())["token"]

    for document in DOCUMENTS:
        response = await send(attacked.api, document.body(), JSON | {"Authorization": f"Bearer {token}"})
        assert_harmless(response)

    assert await rows(attacked) == (1, 1, 1)


async def test_every_answer_has_a_request_id_and_keeps_a_harmless_one(attacked: World) -> None:
    given = {"none": None, "good": "from-the-client_1.2", "short": "x", "long": "x" * 65, "odd": "a b\tc;d=e!"}
    answers = {
        name: await attacked.api.get("/livez", headers={"X-Request-Id": value} if value else {})
        for name, value in given.items()
    }
    answers["refused"] = await attacked.api.post("/graphql", content=b"x", headers={"X-Request-Id": "mine-12345"})
    answers["missing"] = await attacked.api.get("/nothing/here")

    ids = {name: answer.headers["x-request-id"] for name, answer in answers.items()}
    assert (ids["good"], ids["refused"]) == ("from-the-client_1.2", "mine-12345")
    assert all(len(ids[name]) == 16 for name in ("none", "short", "long", "odd", "missing"))
    assert answers["missing"].status_code == 404
    assert {answer.headers["x-content-type-options"] for answer in answers.values()} == {"nosniff"}
