"""The sandbox as a server: alone, or beside others in one event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.application import create_application
from sandbox.delivery import TRANSPORT_EXTENSION, Drip
from sandbox.offline_wechat import OfflineWeChat
from sandbox.storage import StateFile


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 that hands its transport to the application, so that a fault can cut the connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # uvicorn logs accesses whenever anyone gave that logger a handler; query strings here carry secrets.
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Wrap the application of this one connection."""
        super().connection_made(transport)
        application = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), TRANSPORT_EXTENSION: transport}
            await application({**scope, "extensions": extensions}, receive, send)

        self.app = with_transport


class SandboxServer(uvicorn.Server):
    """A uvicorn server that knows its port and gives up answers that are held back when it stops."""

    def __init__(self, config: uvicorn.Config, wechat: OfflineWeChat, *, embedded: bool) -> None:
        super().__init__(config)
        self.wechat = wechat
        self.listening = asyncio.Event()
        self._embedded = embedded
        self._listening: socket.socket | None = None

    @property
    def port(self) -> int:
        """The bound port. Raises RuntimeError before the server listens."""
        if self._listening is None:
            raise RuntimeError("the sandbox does not listen yet")
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        """`http://host:port`. Raises RuntimeError before the server listens."""
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        return f"http://{host}:{self.port}"

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `should_exit`. Raises OSError when the address is taken."""
        family = socket.AF_INET6 if ":" in self.config.host else socket.AF_INET
        # Without the protocol named, asyncio leaves Nagle's delay on, and each answer takes 40 ms.
        with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as self._listening:
            self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listening.bind((self.config.host, self.config.port))
            await super().serve([*(sockets or []), self._listening])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, and tell who waits for it."""
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, after letting go of delayed and dripping answers."""
        self.wechat.closing.set()
        await super().shutdown(sockets)

    async def break_off(self) -> None:
        """Close every socket at once; the task of `serve` is then the caller's to cancel."""
        self.wechat.closing.set()
        for listener in self.servers:
            listener.close()
        for connection in list(self.server_state.connections):
            if (transport := getattr(connection, "transport", None)) is not None:
                transport.abort()
        await self.lifespan.shutdown()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals belong to whoever owns the event loop."""
        if self._embedded:
            yield
        else:
            with super().capture_signals():
                yield


def create_server(
    *,
    host: str = "127.0.0.1",
    port: int = 8001,
    state_file: Path | None = None,
    wechat: OfflineWeChat | None = None,
    pace: Drip | None = None,
    embedded: bool = False,
) -> SandboxServer:
    """A configured server; `.run()` serves alone, `await .serve()` inside an event loop. Port 0 picks a free one.

    `embedded` leaves signals alone. The state is read from `state_file` here and kept there; raises StateFileError.
    """
    wechat = wechat or OfflineWeChat()
    flush = _keep_state(wechat, state_file)
    config = uvicorn.Config(
        create_application(wechat, pace=pace, on_shutdown=flush),
        host=host,
        port=port,
        http=CuttableProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        # Longer than clients keep idle connections, so that they never meet one that is being closed.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    return SandboxServer(config, wechat, embedded=embedded)


def _keep_state(wechat: OfflineWeChat, path: Path | None) -> Callable[[], None]:
    if path is None:
        return lambda: None
    file = StateFile(path, wechat.state)
    file.load()
    wechat.changed = file.touch
    return file.flush


@asynccontextmanager
async def running(
    server: SandboxServer, within: float = 10.0, *, abruptly: bool = False
) -> AsyncIterator[SandboxServer]:
    """Serve in the background of this event loop; stopped at the end, `abruptly` without waiting for anybody.

    Raises OSError when the address is taken and TimeoutError when the server does not start within that many seconds.
    """
    serving = asyncio.create_task(server.serve())
    listening = asyncio.create_task(server.listening.wait())
    try:
        async with asyncio.timeout(within):
            await asyncio.wait((serving, listening), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        yield server
    finally:
        listening.cancel()
        server.should_exit = True
        if abruptly:
            await server.break_off()
            serving.cancel()
        await asyncio.gather(serving, listening, return_exceptions=True)
