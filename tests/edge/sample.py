"""A small schema with one of everything that can go wrong, and a client for an endpoint that serves it."""

import asyncio
import datetime as dt
import enum
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import strawberry
from graphql import GraphQLError
from starlette.requests import Request
from strawberry.types import Info

from domain.problems import (
    BadRequest,
    Forbidden,
    ProblemCode,
    RateLimited,
    Refusal,
    RequestFailure,
    Unauthenticated,
    Unavailable,
)
from server.graphql.endpoint import EndpointOptions, GraphQLEndpoint
from tests.edge.hostile import CANARY as SECRET

ERROR_ID = "e0e0"

FAILURES: dict[str, RequestFailure] = {
    "UNAUTHENTICATED": Unauthenticated("Sign in first."),
    "FORBIDDEN": Forbidden("Operators only."),
    "BAD_REQUEST": BadRequest("That page size is too large."),
    "RATE_LIMITED": RateLimited("Too many attempts.", retry_after=7),
    "UNAVAILABLE": Unavailable("The database is busy."),
}


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.input
class Point:
    x: int
    y: int = 0
    colour: Colour | None = None
    on: dt.date | None = None
    others: "list[Point] | None" = None


@strawberry.input(one_of=True)
class Lookup:
    id: strawberry.ID | None = strawberry.UNSET
    number: str | None = strawberry.UNSET


@strawberry.input
class Change:
    name: strawberry.Maybe[str]


@strawberry.type
class Node:
    name: str

    @strawberry.field
    def child(self) -> "Node | None":
        return Node(name=self.name)

    @strawberry.field
    def children(self, first: int = 2) -> "list[Node]":
        return [Node(name=self.name)] * first

    @strawberry.field
    def broken(self) -> str | None:
        raise KeyError(SECRET)

    @strawberry.field
    def required(self) -> str:
        raise ValueError(SECRET)


@strawberry.type
class Renamed:
    name: str


@strawberry.type
class Refused:
    message: str


RenameResult = Annotated[Renamed | Refused, strawberry.union("RenameResult")]


class RefusalHandler(strawberry.ExceptionHandler[Refusal, Refused]):
    def handle(self, exception: Refusal, *, field: Any, info: Any) -> Refused:
        del field, info
        return Refused(message=exception.message)


@strawberry.type
class Query:
    @strawberry.field
    def ping(self) -> str | None:
        return "pong"

    @strawberry.field
    def take(
        self,
        *,
        text: str | None = None,
        count: int | None = None,
        ratio: float | None = None,
        flag: bool | None = None,
        key: strawberry.ID | None = None,
        colour: Colour | None = None,
        on: dt.date | None = None,
        point: Point | None = None,
        points: list[Point] | None = None,
        lookup: Lookup | None = None,
        change: Change | None = None,
        ids: list[strawberry.ID] | None = None,
    ) -> str | None:
        del text, count, ratio, flag, key, colour, on, point, points, lookup, change, ids
        return "taken"

    @strawberry.field
    def times(self, count: int) -> int | None:
        return count

    @strawberry.field
    def node(self) -> Node | None:
        return Node(name="n")

    @strawberry.field
    def nodes(self, first: int = 3) -> list[Node] | None:
        return [Node(name=str(index)) for index in range(first)]

    @strawberry.field
    def crash(self) -> str | None:
        raise ValueError(SECRET)

    @strawberry.field
    def library_error(self) -> str | None:
        raise GraphQLError(SECRET, extensions={"secret": SECRET})

    @strawberry.field
    def not_a_number(self) -> float | None:
        return float("nan")

    @strawberry.field
    def wrong_type(self) -> int | None:
        return SECRET  # type: ignore[return-value]  # the wrong type is the point

    @strawberry.field
    def unexpected_problem(self) -> str | None:
        raise Refusal(ProblemCode.PHONE_TAKEN, SECRET)

    @strawberry.field
    async def cancelled(self) -> str | None:
        raise asyncio.CancelledError

    @strawberry.field
    def fail(self, code: str) -> str | None:
        raise FAILURES[code]

    @strawberry.field
    async def slow(self, info: Info[dict[str, Any]], seconds: float) -> str | None:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            info.context["cancelled"] = True
            raise
        return "done"

    @strawberry.field
    async def stubborn(self) -> str | None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            return "done"
        return None

    @strawberry.field
    def visitor(self, info: Info[dict[str, Any]]) -> str | None:
        visitor: str = info.context["visitor"]
        return visitor


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, name: str) -> RenameResult | None:
        if name == "taken":
            raise Refusal(ProblemCode.PHONE_TAKEN, "The name is taken.")
        return Renamed(name=name)

    @strawberry.mutation
    async def rename_later(self, name: str) -> RenameResult | None:
        await asyncio.sleep(0)
        raise Refusal(ProblemCode.PHONE_TAKEN, f"No {len(name)}.")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> AsyncGenerator[int, None]:
        yield 1


def build_schema() -> strawberry.Schema:
    return strawberry.Schema(
        query=Query, mutation=Mutation, subscription=Subscription, exception_handlers=[RefusalHandler()]
    )


class Edge:
    """An endpoint and a client for it; `contexts` are those that were built."""

    def __init__(self, options: EndpointOptions, failure: Exception | None = None, delay: float = 0) -> None:
        self.contexts: list[dict[str, Any]] = []
        self._failure = failure
        self._delay = delay
        self.endpoint = GraphQLEndpoint(build_schema(), self._build_context, options)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.endpoint), base_url="http://test")

    async def _build_context(self, request: Request) -> dict[str, Any]:
        await asyncio.sleep(self._delay)
        if self._failure:
            raise self._failure
        context = {"visitor": request.headers.get("x-visitor", "nobody")}
        self.contexts.append(context)
        return context

    async def ask(self, query: str, accept: str | None = None, **members: Any) -> httpx.Response:
        headers = {"Accept": accept} if accept else {}
        return await self.http.post("/graphql", json={"query": query, **members}, headers=headers)

    async def errors(self, query: str, **members: Any) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = (await self.ask(query, **members)).json()["errors"]
        return errors


@asynccontextmanager
async def serving(failure: Exception | None = None, delay: float = 0, **options: Any) -> AsyncIterator[Edge]:
    given = {"introspection": True, "new_error_id": lambda: ERROR_ID, **options}
    edge = Edge(EndpointOptions(**given), failure, delay)
    async with edge.http:
        yield edge
