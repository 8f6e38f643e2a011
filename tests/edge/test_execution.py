"""Executing: the deadline, the context, and the problems that become members of a union."""

import asyncio
import time
from typing import Any

import pytest
import strawberry
from starlette.requests import Request
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from structlog.testing import capture_logs

from server.graphql.endpoint import EndpointOptions, GraphQLEndpoint
from server.graphql.negotiation import GRAPHQL_RESPONSE
from tests.edge.sample import Query, serving

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("field", ["rename", "renameLater"])
async def test_a_raised_problem_becomes_a_member_of_the_union(field: str) -> None:
    query = f'mutation{{{field}(name:"taken"){{__typename ...on Refused{{message}}}}}}'
    async with serving() as edge:
        with capture_logs() as logs:
            answer = (await edge.ask(query)).json()
    message = "The name is taken." if field == "rename" else "No 5."
    assert answer == {"data": {field: {"__typename": "Refused", "message": message}}}
    assert logs == []


async def test_mutations_run_one_after_the_other() -> None:
    query = 'mutation{a:rename(name:"x"){...on Renamed{name}} b:rename(name:"taken"){__typename}}'
    async with serving() as edge:
        answer = (await edge.ask(query)).json()
    assert answer == {"data": {"a": {"name": "x"}, "b": {"__typename": "Refused"}}}


async def test_the_context_is_built_once_from_the_request() -> None:
    async with serving() as edge:
        body = {"query": "{a:visitor b:visitor}"}
        response = await edge.http.post("/graphql", json=body, headers={"X-Visitor": "ann"})
        assert response.json() == {"data": {"a": "ann", "b": "ann"}}
        assert len(edge.contexts) == 1


async def test_an_operation_that_takes_too_long_is_cut_off() -> None:
    async with serving(deadline=0.05) as edge:
        started = time.perf_counter()
        with capture_logs() as logs:
            response = await edge.ask("query Late{slow(seconds:30) a:slow(seconds:20)}", GRAPHQL_RESPONSE)
        assert time.perf_counter() - started < 5
        assert [context["cancelled"] for context in edge.contexts] == [True]
    assert response.status_code == 200
    message = "The operation took more than 0.05 seconds; its outcome may be unknown."
    assert response.json() == {"data": None, "errors": [{"message": message, "extensions": {"code": "UNAVAILABLE"}}]}
    assert logs == [{"event": "graphql_deadline_exceeded", "log_level": "warning", "operation": "Late"}]


async def test_an_answer_that_comes_after_the_deadline_is_not_given() -> None:
    async with serving(deadline=0.02) as edge:
        answer = (await edge.ask("{stubborn}")).json()
    assert answer["data"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAVAILABLE"]


async def test_an_operation_that_is_fast_enough_is_not() -> None:
    async with serving(deadline=5) as edge:
        assert (await edge.ask("{slow(seconds:0.01)}")).json() == {"data": {"slow": "done"}}


async def test_building_the_context_is_part_of_the_deadline() -> None:
    async with serving(delay=30, deadline=0.02) as edge:
        [error] = await edge.errors("{ping}")
        assert edge.contexts == []
    assert error["extensions"] == {"code": "UNAVAILABLE"}


async def test_a_cancelled_request_is_cancelled_and_not_answered() -> None:
    async with serving() as edge:
        with capture_logs() as logs:
            asking = asyncio.create_task(edge.ask("{slow(seconds:30)}"))
            await asyncio.sleep(0.05)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        assert edge.contexts[0]["cancelled"]
    assert logs == []


class _Extension(SchemaExtension):
    pass


@pytest.mark.parametrize(
    "options",
    [{"extensions": [_Extension]}, {"config": StrawberryConfig(enable_experimental_incremental_execution=True)}],
)
def test_a_schema_that_asks_for_what_would_not_run_is_refused(options: dict[str, Any]) -> None:
    async def build_context(_request: Request) -> None: ...

    schema = strawberry.Schema(query=Query, **options)
    with pytest.raises(ValueError, match="not served"):
        GraphQLEndpoint(schema, build_context, EndpointOptions())
