"""The ASGI application: routes and middleware, around what the lifespan opens."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from resolvers.context import Context
from schema.assembly import build_schema
from server.authentication import build_context
from server.graphql.answers import refused
from server.graphql.endpoint import EndpointOptions, GraphQLEndpoint
from server.graphql.errors import bad_request
from server.graphql.negotiation import JSON
from server.health import Readiness, livez, metrics_page, readyz
from server.media_route import MediaFiles
from server.pay_notify import PayNotify
from server.playground import Playground
from server.request_log import Metrics, RequestLog
from server.settings import Settings
from server.uploads import AvatarUploads, ProductUploads
from server.wiring import Process, open_services
from server.wiring_worker import working

GRAPHIQL_BUILD = Path(__file__).parent / "static" / "graphiql"


class Application(Starlette):
    """One server; `process` is there between start-up and shutdown, `readiness` is told when it drains."""

    def __init__(self, settings: Settings, *, with_worker: bool = False) -> None:
        self._with_worker = with_worker
        self.readiness = Readiness()
        self._settings = settings
        self._process: Process | None = None
        metrics = Metrics()
        super().__init__(
            routes=self._routes(settings, metrics),
            middleware=[Middleware(RequestLog, metrics=metrics)],
            lifespan=self._lifespan,
            exception_handlers={HTTPStatus.NOT_FOUND: _not_found},
        )
        # The answer would send the client to whatever its Host header says.
        self.router.redirect_slashes = False

    @property
    def process(self) -> Process:
        """What is open; raises RuntimeError outside the lifespan."""
        if self._process is None:
            raise RuntimeError("the application is not started")
        return self._process

    def _routes(self, settings: Settings, metrics: Metrics) -> list[BaseRoute]:
        playground = Playground(GRAPHIQL_BUILD, settings.sandbox_url) if settings.has_graphiql else None
        options = EndpointOptions(
            introspection=settings.has_graphiql,
            suggestions=settings.has_graphiql,
            get_queries=settings.has_graphiql,
            page=playground.page if playground else None,
            deadline=settings.operation_timeout,
        )
        return [
            Route("/graphql", GraphQLEndpoint(build_schema(), self._build_context, options)),
            Route(
                "/uploads/avatar",
                AvatarUploads(self._build_context, lambda: self.process.avatars, settings.pictures_url),
            ),
            Route(
                "/uploads/product",
                ProductUploads(self._build_context, lambda: self.process.product_pictures, settings.pictures_url),
            ),
            Route("/media/{key:path}", MediaFiles(lambda: self.process.media)),
            Route("/wechat/pay/notify", PayNotify(lambda: self.process).answer, methods=["POST"]),
            Route("/livez", livez),
            Route("/readyz", readyz(self.readiness, lambda: self.process.units)),
            Route("/metrics", metrics_page(metrics, lambda: self.process.units, lambda: self.process.breakers)),
            *(playground.routes() if playground else ()),
        ]

    async def _build_context(self, request: Request) -> Context:
        return await build_context(self.process, request)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            self._process = await stack.enter_async_context(open_services(self._settings))
            if self._with_worker:
                await stack.enter_async_context(working(self._process.workshift))
            yield
        self._process = None


async def _not_found(_request: Request, _error: Exception) -> Response:
    return refused([bad_request("There is nothing at this path.")], HTTPStatus.NOT_FOUND).as_response(JSON)
