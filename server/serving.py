"""Running the server: bound sockets, signals, and an end that lets what runs come to its end."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator

import structlog
import uvicorn

from server.app import Application

_GRACE_SECONDS = 10  # with the drain before and the closing of connections after it, within 30 in all
_KEEP_ALIVE_SECONDS = 75  # longer than proxies keep idle connections, so that they never meet one being closed
_BACKLOG = 2048

logger = structlog.get_logger(__name__)


class AddressInUseError(Exception):
    """The port is taken, or may not be bound; the message says which setting moves it."""


def bind(host: str, port: int, setting: str) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises AddressInUseError."""
    # With the protocol named, asyncio turns Nagle's algorithm off; else each answer waits 40 ms for more bytes.
    listening = socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise AddressInUseError(f"{host}:{port} cannot be bound ({error.strerror}); {setting} moves it") from None
    return listening


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
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        super().__init__(config)
        self.listening = asyncio.Event()
        self.application = app
        self._drain_seconds = drain_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, and tell who waits for it."""
        await super().startup(sockets)
        if self.started:
            self.listening.set()

    async def drain(self) -> None:
        """Answers /readyz with 503 for a while, so that a balancer looks elsewhere, then lets requests end."""
        self.application.readiness.is_draining = True
        logger.info("draining", seconds=self._drain_seconds)
        await asyncio.sleep(self._drain_seconds)
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to `serve_until_signalled`."""
        yield


async def serve_until_signalled(server: Server, listening: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM, drains, and returns; a second signal does not wait for the drain.

    Raises what opening the application raises, Unavailable when its database cannot be reached.
    """
    loop = asyncio.get_running_loop()
    address = listening.getsockname()
    draining: list[asyncio.Task[None]] = []

    def stop() -> None:
        if draining:
            server.should_exit = True
        else:
            draining.append(loop.create_task(server.drain()))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        with listening:
            async with server.application.router.lifespan_context(server.application):
                logger.info("serving", host=address[0], port=address[1])
                await server.serve([listening])
    finally:
        for task in draining:
            task.cancel()
