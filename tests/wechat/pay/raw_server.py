"""A TCP server on 127.0.0.1 that keeps each request as it came over the wire, and answers as a test says."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RawRequest:
    """One request: the target of its first line, its headers by lower-case name, its body."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class RawServer:
    """Where the server is, and what came."""

    address: str = ""
    requests: list[RawRequest] = field(default_factory=list)


Answering = Callable[[RawRequest], tuple[int, dict[str, str], bytes]]


@asynccontextmanager
async def serve_raw(answer: Answering) -> AsyncIterator[RawServer]:
    """A running server, stopped with all its connections at the end."""
    seen = RawServer()
    writers: set[asyncio.StreamWriter] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        while (request := await _read(reader)) is not None:
            seen.requests.append(request)
            status, headers, body = answer(request)
            lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
            length = "" if status == 204 else f"content-length: {len(body)}\r\n"
            writer.write(f"HTTP/1.1 {status} .\r\n{lines}{length}\r\n".encode() + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    seen.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield seen
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> RawRequest | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): text for name, text in (re.split(r":\s*", line, maxsplit=1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return RawRequest(method, target, headers, body)
