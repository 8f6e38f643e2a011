"""Running the server: bound sockets, signals, and an end that lets what runs come to its end."""

import asyncio
import contextlib
import math
import signal
import socket
from collections.abc import Iterator

import structlog
import uvicorn

from server.app import Application
from server.serving_end import KEPT_AFTER_REQUESTS, LONGEST_DRAIN, Ending, end_by_force

_KEEP_ALIVE_SECONDS = 75  # longer than proxies keep idle connections, so that they never meet one being closed
_TELL_AGAIN_SECONDS = 0.5

logger = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """uvicorn around one application; leaves signals to `serve_until_signalled`."""

    def __init__(self, app: Application, *, drain_seconds: float) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="off",  # `serve_until_signalled` runs it: uvicorn would log the text of what fails there
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
        super().__init__(config)
        self.listening = asyncio.Event()
        self.application = app
        self.ending = Ending()
        self._drain_seconds = min(drain_seconds, LONGEST_DRAIN)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, and tell who waits for it."""
        await super().startup(sockets)
        if self.started:
            self.listening.set()

    async def drain(self) -> None:
        """Answers /readyz with 503 for a while, so that a balancer looks elsewhere, then lets requests end."""
        self.application.readiness.is_draining = True
        self.ending.begin()
        logger.info("draining", seconds=self._drain_seconds)
        await asyncio.sleep(self._drain_seconds)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, within what is left of the end; tells of requests that did not come to theirs."""
        self.config.timeout_graceful_shutdown = math.ceil(self.ending.left(KEPT_AFTER_REQUESTS))
        telling = asyncio.create_task(self._tell_late_connections())
        await super().shutdown(sockets)
        telling.cancel()
        if unfinished := max(len(self.server_state.tasks), len(self.server_state.connections)):
            self.ending.cut_off("requests", unfinished)

    async def _tell_late_connections(self) -> None:
        """That it is over: uvicorn tells once, and a connection that was being accepted then is kept alive for long."""
        while True:
            await asyncio.sleep(_TELL_AGAIN_SECONDS)
            for connection in list(self.server_state.connections):
                transport = getattr(connection, "transport", None)
                if transport is not None and not transport.is_closing():
                    connection.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to `serve_until_signalled`."""
        yield


async def serve_until_signalled(server: Server, listening: socket.socket) -> bool:
    """Serves until SIGINT or SIGTERM and drains; whether all that was under way came to its end.

    The process ends in any case, `serving_end.SECONDS` after the signal. A second signal does not wait for the drain.
    Raises what opening the application raises, Unavailable when its database cannot be reached.
    """
    loop = asyncio.get_running_loop()
    address = listening.getsockname()
    draining: list[asyncio.Task[None]] = []

    def stop() -> None:
        if draining:
            server.should_exit = True
        else:
            end_by_force()
            draining.append(loop.create_task(server.drain()))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        with listening:
            async with server.application.router.lifespan_context(server.application):
                server.ending = server.application.process.ending
                if draining:
                    server.ending.begin()
                logger.info("serving", host=address[0], port=address[1])
                await server.serve([listening])
    finally:
        for task in draining:
            task.cancel()
    return not server.ending.was_cut
