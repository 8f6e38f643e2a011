"""The hostile corpus against the whole server, as in development and as in production."""

from collections.abc import AsyncIterator

import pytest
from graphql import GraphQLObjectType, build_schema

from schema.assembly import export_sdl
from services.catalogue.import_lines import Line
from services.catalogue.imports import Imports, no_progress
from tests.catalogue.shop import operator
from tests.databases import SqliteFolder
from tests.edge.harmless import assert_harmless, send
from tests.edge.hostile import HOSTILE_BODIES, Words, hostile_documents
from tests.edge.hostile_values import ALIASES, MUTATIONS, QUERIES, hostile_calls
from tests.orders.notices import tables
from tests.world import World, error_codes, open_world, rows

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("documents_are_validated_anew")]
JSON = {"Content-Type": "application/json"}
WORDS = Words(call="node", argument="id", tree="me", tree_type="User", leaf="nickname", branch="me")
DOCUMENTS = list(hostile_documents(20_261_121, 200, WORDS))
_KNOWN = {document.query for document in DOCUMENTS}
OTHERS = [other for other in hostile_documents(20_261_122, 30, WORDS) if other.query not in _KNOWN]
"""For what is loaded once; none of them is measured."""


@pytest.fixture(params=[True, False], ids=["development", "production"])
async def attacked(request: pytest.FixtureRequest, sqlite: SqliteFolder) -> AsyncIterator[World]:
    async with open_world(sqlite.fresh(), graphiql=request.param) as world:
        for document in OTHERS:
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


def test_the_hostile_values_reach_every_mutation_that_takes_one() -> None:
    mutation = build_schema(export_sdl()).mutation_type
    assert isinstance(mutation, GraphQLObjectType)
    assert {name.split(" ")[0] for name in MUTATIONS} == {name for name, field in mutation.fields.items() if field.args}


@pytest.fixture(scope="module")
async def served(sqlite: SqliteFolder) -> AsyncIterator[tuple[World, dict[str, str]]]:
    """A server, and the headers of an operator, who may call everything."""
    async with open_world(sqlite.fresh()) as world:
        yield world, JSON | {"Authorization": f"Bearer {(await operator(world))['token']}"}


@pytest.mark.parametrize("name", [*MUTATIONS, *QUERIES])
async def test_hostile_values_block_nothing_and_are_not_stored(served: tuple[World, dict[str, str]], name: str) -> None:
    world, headers = served
    times = 1 if name == "login" else ALIASES
    await world.api.post("/graphql", content=hostile_calls(name, times=times)[-1][1], headers=headers)
    before, calls = await tables(world), await world.calls()

    for what, body in hostile_calls(name, times=times):
        response = await send(world.api, body, headers, within=1)
        assert_harmless(response)
        assert "Success" not in response.text, what

    assert await tables(world) == before
    assert await world.calls() == calls


async def test_several_logins_in_a_document_are_refused_before_anything_is_executed(attacked: World) -> None:
    for _, body in hostile_calls("login"):
        response = await send(attacked.api, body, JSON)
        assert_harmless(response)
        assert error_codes(response.json()) == ["BAD_REQUEST"]
        assert "data" not in response.json()

    code = await attacked.code()
    twice = "mutation ($c: String!) { ...F ... { b: login(input: {code: $c}) { __typename } } }"
    fragment = "fragment F on Mutation { a: login(input: {code: $c}) { __typename } }"
    answer = await attacked.ask(f"{twice} {fragment}", variables={"c": code})
    assert answer["errors"][0]["message"] == "The document exceeds the limit of 1 `login` fields: 2 found."
    assert await rows(attacked) == (0, 0, 0)
    assert await attacked.calls() == 0
    assert (await attacked.login(code))["__typename"] == "LoginSuccess"


async def test_lists_are_bounded_in_all_and_the_largest_that_are_allowed_block_nothing(attacked: World) -> None:
    process = attacked.application.process
    given = {"title": "茶" * 128, "description": "茶" * 4_000, "price": 100, "stock": 5, "for_sale": True}
    lines = [Line(place=str(number), key=f"k{number}", fields=given) for number in range(50)]
    await Imports(process.units, process.clock).write(lines, no_progress)
    product = "__typename id title description price { amount currency display } available forSale"
    both = f"products(first: 50) {{ nodes {{ {product} }} edges {{ cursor node {{ {product} }} }} }}"

    refused = await attacked.ask("{" + " ".join(f"a{number}: {both}" for number in range(10)) + "}")
    largest = f'{{"query": "{{ {both} x: {both} }}"}}'.encode()
    response = await send(attacked.api, largest, JSON, within=1)

    assert refused["errors"][0]["message"] == "The document exceeds the limit of 200 rows of lists: 1000 found."
    assert error_codes(refused) == ["BAD_REQUEST"]
    assert [len(page["edges"]) for page in response.json()["data"].values()] == [50, 50]


async def test_every_answer_has_a_request_id_and_keeps_a_harmless_one(attacked: World) -> None:
    given = {"none": None, "good": "from-the-client_1.2", "short": "x", "long": "x" * 65, "odd": "a b\tc;d=e!"}
    answers = {
        name: await attacked.api.get("/livez", headers={"X-Request-Id": value} if value else {})
        for name, value in given.items()
    }
    answers["refused"] = await attacked.api.post("/graphql", content=b"x", headers={"X-Request-Id": "mine-12345"})
    answers["with a slash"] = await attacked.api.post("/graphql/", content=b"{}", headers={"Host": "evil.example"})
    answers["missing"] = await attacked.api.get("/nothing/here")

    ids = {name: answer.headers["x-request-id"] for name, answer in answers.items()}
    assert (ids["good"], ids["refused"]) == ("from-the-client_1.2", "mine-12345")
    assert all(len(ids[name]) == 16 for name in ("none", "short", "long", "odd", "missing"))
    for name in ("missing", "with a slash"):
        assert (answers[name].status_code, answers[name].headers.get("location")) == (404, None)
        assert error_codes(answers[name].json()) == ["BAD_REQUEST"]
    assert {answer.headers["x-content-type-options"] for answer in answers.values()} == {"nosniff"}
