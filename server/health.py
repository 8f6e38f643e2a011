"""`/livez`, `/readyz` and `/metrics`: what an orchestrator and a monitor ask."""

from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from domain.problems import Unavailable
from models.migrator import pending_migrations
from models.unit_of_work import UnitsOfWork
from server.request_log import Metrics
from services.incidents import open_incidents
from wechat.breaker import Breaker, State

Endpoint = Callable[[Request], Awaitable[Response]]


class Readiness:
    """Whether traffic should come here: the database answers, its schema is current, the process is not ending.

    WeChat is not asked: when it is down, signed-in users are still served.
    """

    def __init__(self) -> None:
        self.is_draining = False
        self._is_migrated = False

    async def faults(self, units: UnitsOfWork) -> list[str]:
        """What stands against it; empty when ready."""
        if self.is_draining:
            return ["draining"]
        try:
            if not await units.is_writable():
                return ["database is read-only"]
            self._is_migrated = self._is_migrated or not await pending_migrations(units)
        except Unavailable:
            return ["database"]
        return [] if self._is_migrated else ["migrations"]


async def livez(_request: Request) -> Response:
    """The process runs its event loop."""
    return PlainTextResponse("ok\n")


def readyz(readiness: Readiness, units: Callable[[], UnitsOfWork]) -> Endpoint:
    """200 when ready, else 503 with what is missing."""

    async def answer(_request: Request) -> Response:
        faults = await readiness.faults(units())
        return JSONResponse({"ready": not faults, "faults": faults}, status_code=503 if faults else 200)

    return answer


def metrics_page(
    metrics: Metrics, units: Callable[[], UnitsOfWork], breakers: Callable[[], Mapping[str, Breaker]]
) -> Endpoint:
    """Prometheus' text format; the numbers of incidents are left out while the database is away."""

    async def answer(_request: Request) -> Response:
        for upstream, breaker in breakers().items():
            metrics.circuits.labels(upstream).set(breaker.state is not State.CLOSED)
        metrics.incidents.clear()
        try:
            for kind, number in await units().read(open_incidents):
                metrics.incidents.labels(kind).set(number)
        except Unavailable:
            pass
        return Response(generate_latest(metrics.registry), headers={"content-type": CONTENT_TYPE_LATEST})

    return answer
