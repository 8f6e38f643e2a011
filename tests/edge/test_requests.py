"""Methods, bodies and statuses: GraphQL over HTTP as the specification has it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Message
from structlog.testing import capture_logs

from server.graphql.negotiation import GRAPHQL_RESPONSE, JSON
from server.graphql.request_body import BodyLimits
from tests.edge.hostile import CANARY
from tests.edge.sample import serving

pytestmark = pytest.mark.anyio

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGE = "<p>page</p>"


def _page(_request: Request) -> Response:
    return HTMLResponse(PAGE)


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
async def test_an_answer_has_the_media_type_that_is_asked_for(accept: str) -> None:
    async with serving() as edge:
        response = await edge.ask("{ping}", accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Accept"
    assert response.content == b'{"data":{"ping":"pong"}}'


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL_RESPONSE, 400)])
@pytest.mark.parametrize(
    ("query", "members"),
    [
        ("{", {}),
        ("", {}),
        ("{nothing}", {}),
        ("{a b c d e f g h i j k}", {}),
        ("query($n:Int!){times(count:$n)}", {}),
        ("query($n:Int!){times(count:$n)}", {"variables": {"n": "x"}}),
        ("{ping}", {"operationName": "Nothing"}),
        ("query A{ping} query B{ping}", {}),
        ("query A{ping} query B{ping}", {"operationName": ""}),
        ("fragment F on Query{ping}", {}),
        ("subscription{ping}", {}),
        ("subscription{ticks}", {}),
    ],
)
async def test_errors_of_the_request(accept: str, status: int, query: str, members: dict[str, Any]) -> None:
    async with serving() as edge:
        response = await edge.ask(query, accept, **members)
        assert response.status_code == status
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"
        assert [*response.json()] == ["errors"]
        assert {error["extensions"]["code"] for error in response.json()["errors"]} == {"BAD_REQUEST"}
        assert edge.contexts == []


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
async def test_errors_of_fields_leave_the_status_alone(accept: str) -> None:
    async with serving() as edge:
        response = await edge.ask("{ping crash}", accept)
    assert response.status_code == 200
    assert response.json()["data"] == {"ping": "pong", "crash": None}


async def test_operations_are_selected_by_name() -> None:
    text = "query A{ping} query B{times(count:2)}"
    async with serving() as edge:
        assert (await edge.ask(text, operationName="A")).json() == {"data": {"ping": "pong"}}
        assert (await edge.ask(text, operationName="B")).json() == {"data": {"times": 2}}


async def test_null_members_and_unknown_ones_are_nothing() -> None:
    members: dict[str, Any] = {"variables": None, "operationName": None, "extensions": None, "id": 7, "x": [None]}
    async with serving() as edge:
        assert (await edge.ask("{ping}", **members)).json() == {"data": {"ping": "pong"}}


async def test_the_last_of_two_equal_keys_counts() -> None:
    body = b'{"query":"{nothing}","query":"{ping}"}'
    async with serving() as edge:
        response = await edge.http.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    assert response.json() == {"data": {"ping": "pong"}}


@pytest.mark.parametrize(("padding", "status"), [(0, 200), (1, 413)])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_may_have_64_kib_and_no_more(padding: int, status: int, chunked: bool) -> None:
    body = json.dumps({"query": "{ping}"}).encode().ljust(64 * 1024 + padding)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 10_000):
            yield body[start : start + 10_000]

    async with serving() as edge:
        content = chunks() if chunked else body
        response = await edge.http.post("/graphql", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    expected = "The request is larger than 65536 bytes."
    assert status == 200 or response.json()["errors"][0]["message"] == expected


async def test_a_declared_length_is_believed_before_the_body_is_read() -> None:
    headers = {"Content-Type": "application/json", "Content-Length": "9" * 5_000}
    async with serving() as edge:
        response = await edge.http.post("/graphql", content=b"{}", headers=headers)
    assert response.status_code == 413


@pytest.mark.parametrize(("value", "status"), [([[[1]]], 200), ([[[[1]]]], 400), ([1] * 7, 200), ([1] * 8, 400)])
async def test_nesting_and_values_are_bounded(value: Any, status: int) -> None:
    async with serving(body_limits=BodyLimits(depth=5, values=11)) as edge:
        response = await edge.ask("{ping}", variables={"v": value})
    assert response.status_code == status


@pytest.mark.parametrize("options", [{}, {"page": _page}, {"get_queries": True}, {"page": _page, "get_queries": True}])
@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_other_methods(method: str, options: dict[str, Any]) -> None:
    async with serving(**options) as edge:
        response = await edge.http.request(method, "/graphql", headers=BROWSER)
    assert response.status_code == 405
    assert response.headers["allow"] == ("GET, POST" if options else "POST")
    message = "GraphQL is answered to POST."
    expected = {"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]}
    assert method == "HEAD" or response.json() == expected


@pytest.mark.parametrize(
    ("options", "accept", "expected"),
    [
        ({}, BROWSER["Accept"], 405),
        ({}, "application/json", 405),
        ({"page": _page}, BROWSER["Accept"], PAGE),
        ({"page": _page}, "text/html", PAGE),
        ({"page": _page}, "application/json", 405),
        ({"page": _page}, "*/*", 405),
        ({"page": _page, "get_queries": True}, BROWSER["Accept"], PAGE),
        ({"page": _page, "get_queries": True}, "*/*", {"data": {"ping": "pong"}}),
        ({"get_queries": True}, BROWSER["Accept"], {"data": {"ping": "pong"}}),
        ({"get_queries": True}, "text/html", 406),
    ],
)
async def test_get(options: dict[str, Any], accept: str, expected: Any) -> None:
    async with serving(**options) as edge:
        response = await edge.http.get("/graphql", params={"query": "{ping}"}, headers={"Accept": accept})
    if isinstance(expected, int):
        assert response.status_code == expected
        assert [*response.json()] == ["errors"]
    else:
        assert response.status_code == 200
        assert (response.text if isinstance(expected, str) else response.json()) == expected


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"query": "query($n:Int!){times(count:$n)}", "variables": '{"n":3}'}, 200),
        ({"query": "query A{ping} query B{ping}", "operationName": "B", "extensions": "{}"}, 200),
        ({"query": 'mutation{rename(name:"x"){__typename}}'}, 405),
        ({"query": 'query A{ping} mutation B{rename(name:"x"){__typename}}', "operationName": "B"}, 405),
        ({}, 400),
        ({"variables": "{}"}, 400),
        ({"query": "{ping}", "variables": "{"}, 400),
        ({"query": "{ping}", "variables": "[]"}, 400),
        ({"query": "{ping}", "variables": "[" * 5_000}, 400),
        ({"query": "{ping}", "extensions": "7"}, 400),
        ({"query": "{ping}".ljust(9_000)}, 413),
    ],
)  # fmt: skip
async def test_queries_in_the_url(parameters: dict[str, str], status: int) -> None:
    async with serving(get_queries=True, body_limits=BodyLimits(size=8_000)) as edge:
        response = await edge.http.get("/graphql", params=parameters, headers={"Accept": GRAPHQL_RESPONSE})
        assert response.status_code == status
        assert response.headers.get("allow") == ("POST" if status == 405 else None)
        assert len(edge.contexts) == (status == 200)


async def test_the_endpoint_answers_below_a_route() -> None:
    async with serving() as edge:
        app = Starlette(routes=[Route("/graphql", edge.endpoint)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            assert (await http.post("/graphql", json={"query": "{ping}"})).json() == {"data": {"ping": "pong"}}
            assert (await http.put("/graphql")).status_code == 405


async def _send_to(edge_app: Callable[..., Any], messages: list[Message]) -> list[Message]:
    sent: list[Message] = []
    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers, "query_string": b""}

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await edge_app(scope, receive, send)
    return sent


async def test_a_client_that_leaves_while_it_sends_is_no_error() -> None:
    async with serving() as edge:
        with capture_logs() as logs:
            part = {"type": "http.request", "body": b'{"query":', "more_body": True}
            sent = await _send_to(edge.endpoint, [part, {"type": "http.disconnect"}])
    assert sent == []
    assert logs == []


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b'{"query":'
        await asyncio.Event().wait()

    async with serving(deadline=0.02) as edge:
        response = await edge.http.post("/graphql", content=never(), headers={"Content-Type": "application/json"})
    assert response.status_code == 408
    assert response.headers["connection"] == "close"
    assert response.json()["errors"][0]["message"] == "The body did not arrive in time."


@pytest.mark.parametrize(
    ("request_", "event"),
    [
        ({"content": b"{"}, {"reason": "body", "status": 400}),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, {"reason": "content_type", "status": 415}),
        ({"json": {"query": f'{{take(count:"{CANARY}")}}'}}, {"reason": "document", "status": 200}),
        ({"json": {"query": "{ping}", "operationName": CANARY}}, {"reason": "operation", "status": 200}),
        (
            {"json": {"query": "query($n:Int){times(count:$n)}", "variables": {"n": CANARY}}},
            {"reason": "document", "status": 200},
        ),
    ],
)
async def test_a_refusal_is_one_event_without_what_was_sent(request_: dict[str, Any], event: dict[str, Any]) -> None:
    async with serving() as edge:
        with capture_logs() as logs:
            given = {"headers": {"Content-Type": "application/json"}, **request_}
            await edge.http.post("/graphql", **given)
    assert logs == [{"event": "graphql_refused", "log_level": "info", **event}]
