"""The outermost middleware: a request id, security headers, one event and one measurement for each request."""

import re
import secrets
import time
from http import HTTPStatus

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.graphql.answers import refused
from server.graphql.negotiation import JSON

_ACCEPTABLE_ID = re.compile(r"[0-9A-Za-z._-]{8,64}")
_KNOWN_PATHS = (
    "/graphql",
    "/wechat/pay/notify",
    "/uploads/avatar",
    "/uploads/product",
    "/livez",
    "/readyz",
    "/metrics",
)

_FAILURE = refused(
    [{"message": "Internal error", "extensions": {"code": "INTERNAL"}}], HTTPStatus.INTERNAL_SERVER_ERROR
)

logger = structlog.get_logger(__name__)


class Metrics:
    """What Prometheus reads at `/metrics`; a registry of its own, so that two apps in a process do not clash."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "appletql_http_requests_total", "Requests answered.", ("path", "status"), registry=self.registry
        )
        self.incidents = Gauge(
            "appletql_incidents_open", "Incidents that wait for the operator.", ("kind",), registry=self.registry
        )
        self.circuits = Gauge(
            "appletql_wechat_circuit_open",
            "1 while calls to WeChat are refused here because it gives no usable answers.",
            ("upstream",),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "appletql_http_request_seconds", "Seconds from request to answer.", ("path",), registry=self.registry
        )


class RequestLog:
    """Takes a caller's `X-Request-Id` where it is harmless, else makes one; every answer carries it.

    What escapes an endpoint before it has begun to answer is answered 500 as JSON, and raised on for the server's log.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ACCEPTABLE_ID.fullmatch(given) else secrets.token_hex(8)
        status = 0
        started = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = MutableHeaders(raw=message["headers"])
                headers["X-Request-Id"] = request_id
                headers.setdefault("X-Content-Type-Options", "nosniff")
                message["headers"] = headers.raw
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception:
                if not status:
                    await _FAILURE.as_response(JSON)(scope, receive, send_with_id)
                raise
            finally:
                self._record(scope, status or HTTPStatus.INTERNAL_SERVER_ERROR, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"]
        label = path if path in _KNOWN_PATHS else "other"
        self._metrics.requests.labels(label, str(int(status))).inc()
        self._metrics.seconds.labels(label).observe(seconds)
        logger.info(
            "request",
            method=scope["method"],
            path=path[:200],
            status=int(status),
            milliseconds=round(seconds * 1000, 1),
        )
