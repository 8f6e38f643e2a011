"""A wire that can be cut: what goes through it reaches the other side, or disappears."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_ALWAYS = asyncio.Event()
_ALWAYS.set()


class Wire:
    """While it is cut, connections are taken and nothing is ever answered on them: the worst kind of outage.

    What asks for the sandbox's clock goes through all the same: production has no such question.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._whole = asyncio.Event()
        self._whole.set()
        self.url = ""

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            there_reader, there_writer = await asyncio.open_connection(self._host, self._port)
            first = await reader.read(65536)
            whole = _ALWAYS if first.startswith(b"GET /_sandbox/") else self._whole
            await whole.wait()
            there_writer.write(first)
            ways = [_pump(whole, reader, there_writer), _pump(whole, there_reader, writer)]
            await asyncio.wait([asyncio.create_task(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
            there_writer.close()
        writer.close()


async def _pump(whole: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            await whole.wait()
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def wire_to(host: str, port: int) -> AsyncIterator[Wire]:
    """A wire on a port of its own."""
    wire = Wire(host, port)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        wire.mend()
