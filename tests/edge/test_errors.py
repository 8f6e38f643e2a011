"""What a client learns of what went wrong: everything on the allow-list, nothing of the rest."""

import json
import logging
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLSchema
from structlog.testing import capture_logs

from domain.problems import RequestFailure, Unavailable
from server.graphql.negotiation import GRAPHQL_RESPONSE
from tests.edge.hostile import CANARY
from tests.edge.sample import ERROR_ID, FAILURES, serving

pytestmark = pytest.mark.anyio

INTERNAL = {"message": "Internal error", "extensions": {"code": "INTERNAL", "errorId": ERROR_ID}}


@pytest.mark.parametrize("code", FAILURES)
async def test_a_failure_that_a_resolver_raises_on_purpose(code: str) -> None:
    extensions: dict[str, Any] = {"code": code}
    if code == "RATE_LIMITED":
        extensions["retryAfter"] = 7
    async with serving() as edge:
        with capture_logs() as logs:
            response = await edge.ask("query($c:String!){fail(code:$c) ping}", GRAPHQL_RESPONSE, variables={"c": code})
    assert response.status_code == 200
    assert response.json() == {
        "data": {"fail": None, "ping": "pong"},
        "errors": [
            {
                "message": FAILURES[code].message,
                "extensions": extensions,
                "locations": [{"line": 1, "column": 19}],
                "path": ["fail"],
            }
        ],
    }
    assert logs == []


@pytest.mark.parametrize(
    ("field", "exception_type", "frame"),
    [
        ("crash", "ValueError", "edge/sample.py:"),
        ("libraryError", "GraphQLError", "edge/sample.py:"),
        ("unexpectedProblem", "Refusal", "edge/sample.py:"),
        ("wrongType", "GraphQLError", "type/scalars.py:"),
        ("notANumber", "GraphQLError", "type/scalars.py:"),
    ],
)
async def test_anything_else_is_masked_and_logged_once(field: str, exception_type: str, frame: str) -> None:
    async with serving() as edge:
        with capture_logs() as logs:
            response = await edge.ask(f"query Broken{{x:{field} ping}}")
    assert response.status_code == 200
    place = {"locations": [{"line": 1, "column": 14}], "path": ["x"]}
    assert response.json() == {"data": {"x": None, "ping": "pong"}, "errors": [INTERNAL | place]}
    [event] = logs
    frames = event.pop("frames")
    assert event == {
        "event": "graphql_internal_error",
        "log_level": "error",
        "error_id": ERROR_ID,
        "exception_type": exception_type,
        "operation": "Broken",
        "path": "x",
    }
    assert frames[-1].startswith(frame)
    assert len(frames) <= 20
    assert CANARY not in json.dumps(frames)


async def test_the_same_failure_of_every_item_is_one_event() -> None:
    async with serving() as edge:
        with capture_logs() as logs:
            answer = (await edge.ask("{nodes(first:50){broken}}")).json()
    assert [error["path"] for error in answer["errors"]] == [["nodes", index, "broken"] for index in range(50)]
    assert {error["extensions"]["errorId"] for error in answer["errors"]} == {ERROR_ID}
    assert [event["exception_type"] for event in logs] == ["KeyError"]


async def test_two_failures_are_two_events() -> None:
    ids = iter("ab")
    async with serving(new_error_id=lambda: next(ids)) as edge:
        with capture_logs() as logs:
            errors = await edge.errors("{node{broken} crash}")
    assert [error["extensions"]["errorId"] for error in errors] == ["a", "b"]
    assert [event["error_id"] for event in logs] == ["a", "b"]


async def test_error_ids_are_random_by_default() -> None:
    async with serving() as edge:
        options = type(edge.endpoint._options)()
    assert len({options.new_error_id() for _ in range(100)}) == 100


async def test_a_failed_non_null_field_takes_its_parent_with_it() -> None:
    async with serving() as edge:
        answer = (await edge.ask("{node{required} ping}")).json()
    assert answer["data"] == {"node": None, "ping": "pong"}
    assert answer["errors"] == [INTERNAL | {"locations": [{"line": 1, "column": 7}], "path": ["node", "required"]}]


async def test_a_resolver_that_awaits_something_cancelled_is_a_fault_of_ours() -> None:
    async with serving() as edge:
        response = await edge.ask("{cancelled}")
    assert response.status_code == 200
    assert response.json() == {"data": None, "errors": [INTERNAL]}


async def test_strawberry_logs_nothing_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with serving() as edge:
            await edge.ask(f'{{crash take(text:"{CANARY}")}}')
            await edge.ask(f'{{nothing(text:"{CANARY}")}}')
    assert [record for record in caplog.records if record.name.startswith("strawberry")] == []
    assert CANARY not in caplog.text


@pytest.mark.parametrize("failure", [*FAILURES.values(), Unavailable("The database is away.")])
async def test_a_failure_to_build_the_context_has_its_code(failure: RequestFailure) -> None:
    async with serving(failure) as edge:
        response = await edge.ask("{ping}", GRAPHQL_RESPONSE)
    assert response.status_code == 200
    assert response.json()["data"] is None
    [error] = response.json()["errors"]
    assert error["message"] == failure.message
    assert error["extensions"]["code"] == failure.code


@pytest.mark.parametrize("failure", [ValueError(CANARY), GraphQLError(CANARY), RequestFailure(CANARY), TimeoutError()])
async def test_a_crash_while_building_the_context_is_masked(failure: Exception) -> None:
    async with serving(failure) as edge:
        with capture_logs() as logs:
            response = await edge.ask("{ping}")
    assert response.status_code == 200
    assert response.json() == {"data": None, "errors": [INTERNAL]}
    assert [event["exception_type"] for event in logs] == [type(failure).__name__]
    assert CANARY not in json.dumps(logs)


@pytest.mark.parametrize("accept", [None, GRAPHQL_RESPONSE])
async def test_a_crash_before_execution_is_masked(accept: str | None) -> None:
    async with serving() as edge:
        edge.endpoint._documents._schema = GraphQLSchema()
        with capture_logs() as logs:
            response = await edge.ask("{ping}", accept)
        assert edge.contexts == []
    assert response.status_code == 500
    assert response.json() == {"errors": [INTERNAL]}
    assert [event["exception_type"] for event in logs] == ["TypeError"]


async def test_a_crash_of_the_page_is_masked() -> None:
    def page(_request: Any) -> Any:
        raise OSError(CANARY)

    async with serving(page=page) as edge:
        response = await edge.http.get("/graphql", headers={"Accept": "text/html"})
    assert response.status_code == 500
    assert response.json() == {"errors": [INTERNAL]}


async def test_lone_surrogates_are_still_answered_as_json() -> None:
    query = "mutation($n:String!){rename(name:$n){...on Renamed{name}}}"
    body = json.dumps({"query": query, "variables": {"n": "\ud83d é"}}).encode()
    async with serving() as edge:
        response = await edge.http.post("/graphql", content=body, headers={"Content-Type": "application/json"})
        paired = await edge.ask(query, variables={"n": "\U0001f600 é"})
    assert response.content == b'{"data":{"rename":{"name":"\\ud83d \\u00e9"}}}'
    assert paired.content == '{"data":{"rename":{"name":"\U0001f600 é"}}}'.encode()


async def test_suggestions_are_made_only_where_they_are_wanted() -> None:
    query = "{pingg}"
    async with serving(suggestions=True) as edge:
        assert (await edge.errors(query))[0][
            "message"
        ] == "Cannot query field 'pingg' on type 'Query'. Did you mean 'ping'?"
    async with serving() as edge:
        assert (await edge.errors(query))[0]["message"] == "Cannot query field 'pingg' on type 'Query'."


async def test_only_the_first_errors_of_a_document_are_answered() -> None:
    async with serving() as edge:
        errors = await edge.errors("{" + " ".join(f"no{n}" for n in range(10)) + "}")
    assert len(errors) == 6
    assert errors[5]["message"] == "Too many validation errors, error limit reached. Validation aborted."


async def test_introspection_is_off_by_default() -> None:
    async with serving(introspection=False) as edge:
        [error] = await edge.errors("{__schema{types{name}}}")
        answer = (await edge.ask("{__typename}")).json()
    assert error == {"message": "Introspection is switched off.", "extensions": {"code": "BAD_REQUEST"}}
    assert answer == {"data": {"__typename": "Query"}}
