"""Whatever is sent: no 5xx, well-formed JSON, nothing leaked, an answer in 100 ms and a loop that never waits 50 ms."""

import json
from collections.abc import AsyncIterator

import pytest

from schema.limits import Limits
from server.graphql.documents import CacheLimits
from tests.edge.harmless import assert_harmless, send
from tests.edge.hostile import HOSTILE_BODIES, HostileBody, HostileDocument, Words, hostile_documents
from tests.edge.sample import Edge, serving

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("documents_are_validated_anew")]

DOCUMENTS = list(hostile_documents(20_260_101, 200, Words()))
_KNOWN = {document.query for document in DOCUMENTS}
OTHERS = [other for other in hostile_documents(20_260_102, 60, Words()) if other.query not in _KNOWN]
"""For what is loaded once; none of them is measured."""


@pytest.fixture(params=[True, False], ids=["development", "production"], scope="module")
async def edge(request: pytest.FixtureRequest) -> AsyncIterator[Edge]:
    """An endpoint that remembers no document, so that a second attempt costs what the first did."""
    forgetful = CacheLimits(entries=0)
    async with serving(introspection=request.param, suggestions=request.param, cache_limits=forgetful) as edge:
        for document in OTHERS:
            await send(edge.http, document.body(), {"Content-Type": "application/json"})
        yield edge


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len(HOSTILE_BODIES) == 93
    assert len({body.name for body in HOSTILE_BODIES}) == 93
    assert len(DOCUMENTS) == 200
    assert len(OTHERS) > 40
    assert list(hostile_documents(7, 50, Words())) == list(hostile_documents(7, 50, Words()))


@pytest.mark.parametrize("hostile", HOSTILE_BODIES, ids=lambda body: body.name)
async def test_hostile_body(edge: Edge, hostile: HostileBody) -> None:
    built = len(edge.contexts)
    response = await send(edge.http, hostile.body, dict(hostile.headers))
    assert response.status_code == hostile.status
    assert_harmless(response)
    assert [*response.json()] == ["errors"]
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
    assert len(edge.contexts) == built


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
async def test_hostile_document(edge: Edge, document: HostileDocument) -> None:
    assert_harmless(await send(edge.http, document.body(), {"Content-Type": "application/json"}))


async def test_the_largest_document_that_is_allowed_is_answered_in_time() -> None:
    limits = Limits()
    leaves = " ".join(["name"] * (limits.nodes_per_path - 1))
    text = "{" + " ".join(f"a{root}:node{{{leaves}}}" for root in range(10)) + "}"
    async with serving(cache_limits=CacheLimits(entries=0)) as edge:
        await edge.ask("{node{name}}")
        response = await send(edge.http, json.dumps({"query": text}).encode(), {"Content-Type": "application/json"})
    assert len(response.json()["data"]) == 10
