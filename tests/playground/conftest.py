"""A small GraphQL server that shows the page as the real one does, and the browser that visits it."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
import strawberry
import uvicorn
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL

from server.playground import Playground

BUILD = Path(__file__).parents[2] / "server" / "static" / "graphiql"
SANDBOX = "http://127.0.0.1:8001"
STOP_SECONDS = 10
NOW = "2026-11-21T08:30:00.000Z"


@strawberry.type
class User:
    id: strawberry.ID
    nickname: str | None
    created_at: str


@strawberry.type
class Session:
    expires_at: str


@strawberry.interface
class Problem:
    code: str
    message: str
    recovery: str


@strawberry.type
class Refusal(Problem):
    pass


@strawberry.type
class LoginSuccess:
    token: str
    expires_at: str
    is_new_user: bool
    user: User


@strawberry.input
class LoginInput:
    code: str


@strawberry.type
class Query:
    @strawberry.field
    def me(self, info: strawberry.Info) -> User | None:
        return _viewer(info)

    @strawberry.field
    def session(self, info: strawberry.Info) -> Session | None:
        return Session(expires_at=NOW) if _viewer(info) else None


@strawberry.type
class Mutation:
    @strawberry.mutation
    def login(self, input: LoginInput) -> Annotated[LoginSuccess | Refusal, strawberry.union("LoginResult")]:  # noqa: A002
        return Refusal(code="LOGIN_CODE_INVALID", message=f"{len(input.code)} characters", recovery="FRESH_CODE")


def _viewer(info: strawberry.Info) -> User | None:
    match info.context["request"].headers.get("authorization"):
        case None:
            return None
        case "Bearer good":
            return User(id=strawberry.ID("usr_1"), nickname=None, created_at=NOW)
        case _:
            raise GraphQLError("unknown token", extensions={"code": "UNAUTHENTICATED"})


def _app() -> Starlette:
    playground = Playground(BUILD, SANDBOX)
    api: GraphQL[None, None] = GraphQL(strawberry.Schema(Query, Mutation), graphql_ide=None)
    return Starlette(
        routes=[
            Route("/graphql", playground.page, methods=["GET"]),
            Route("/graphql", api, methods=["POST"]),
            *playground.routes(),
        ]
    )


@pytest.fixture(scope="module")
def playground_url() -> Iterator[str]:
    """The address of a running server's page, as in `http://127.0.0.1:40321/graphql`."""
    server = uvicorn.Server(uvicorn.Config(_app(), log_level="error", timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{port}/graphql"
        server.should_exit = True
        thread.join(STOP_SECONDS)
        assert not thread.is_alive()
