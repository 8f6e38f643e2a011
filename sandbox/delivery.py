"""How an answer travels: at once, or by way of the fault that was ordered for its path."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, replace
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from sandbox.endpoints import Answer, Call, Endpoint
from sandbox.faults import Fault, FaultKind
from sandbox.offline_wechat import OfflineWeChat

TRANSPORT_EXTENSION = "sandbox.transport"
"""The key of scope["extensions"] under which the server hands over the asyncio transport of the connection."""

_SIGNATURE = "Wechatpay-Signature"
_SIGNTEST = "WECHATPAY/SIGNTEST/"
_GARBAGE = Answer(200, b"<html><body>This is no answer of WeChat's.</body></html>", "text/html")


@dataclass(frozen=True, slots=True)
class Drip:
    """The pace of a dripping answer in seconds: one byte each `interval`, and no end before `length`."""

    interval: float = 0.5
    length: float = 60.0


class Line:
    """One client's connection while its request is answered."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, closing: asyncio.Event) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._closing = closing

    async def answer(self, answer: Answer) -> None:
        """Send all of it at once."""
        await self._start(answer)
        await self._write(answer.body, more=False)

    async def pause(self, seconds: float) -> bool:
        """Wait. False when the client left or the server stops: nothing more can be sent then."""
        over = [asyncio.ensure_future(self._gone()), asyncio.ensure_future(self._closing.wait())]
        try:
            done, _ = await asyncio.wait(over, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in over:
                task.cancel()
            await asyncio.gather(*over, return_exceptions=True)
        if done:
            await self.cut()
        return not done

    async def drip(self, answer: Answer, pace: Drip) -> None:
        """Send byte by byte, the last one only when the whole length has passed."""
        clock = asyncio.get_running_loop().time
        end = clock() + pace.length
        if not answer.body and not await self.pause(pace.length):
            return
        await self._start(answer)
        position = 0
        while position < len(answer.body) - 1 and clock() < end:
            await self._write(answer.body[position : position + 1], more=True)
            position += 1
            if not await self.pause(pace.interval):
                return
        if await self.pause(max(0.0, end - clock())):
            await self._write(answer.body[position:], more=False)

    async def cut(self) -> None:
        """Break the TCP connection with a reset. Raises RuntimeError where no server handed the transport over."""
        transport = self._scope.get("extensions", {}).get(TRANSPORT_EXTENSION)
        if transport is None:
            raise RuntimeError("only sandbox.server can cut a connection")
        open_socket = transport.get_extra_info("socket")
        if open_socket is not None:
            with contextlib.suppress(OSError):
                # No lingering: the client is sent RST at once instead of an orderly end.
                open_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await self._gone()

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _start(self, answer: Answer) -> None:
        headers = [("content-length", str(len(answer.body)))] if answer.status != HTTPStatus.NO_CONTENT else []
        if answer.content_type:
            headers.append(("content-type", answer.content_type))
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*headers, *answer.headers)]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": encoded})

    async def _write(self, body: bytes, *, more: bool) -> None:
        message: Message = {"type": "http.response.body", "body": body, "more_body": more}
        await self._send(message)


class WeChatPath:
    """The ASGI application of one endpoint."""

    def __init__(self, wechat: OfflineWeChat, endpoint: Endpoint, pace: Drip) -> None:
        self._wechat = wechat
        self._endpoint = endpoint
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the call, meet the fault, take effect, answer."""
        request = Request(scope, receive)
        line = Line(scope, receive, send, self._wechat.closing)
        if self._endpoint.method not in (None, request.method):
            # Starlette answers HEAD wherever it answers GET.
            await line.answer(Answer(405, b"", ""))
            return
        body = await request.body()
        call = Call(
            request.method, dict(request.query_params), request.path_params, request.headers, body, _target(scope)
        )
        self._wechat.state.calls[self._endpoint.path] += 1
        fault = self._wechat.faults.take(self._endpoint.path, scope["path"])
        if fault is None:
            await line.answer(await self._take_effect(call))
        else:
            await self._meet(fault, call, line)

    async def _meet(self, fault: Fault, call: Call, line: Line) -> None:
        refusal = self._refusal(fault, call)
        if refusal is not None:
            await line.answer(refusal)
        elif fault.kind is FaultKind.RESET:
            await line.cut()
        elif fault.kind is not FaultKind.DELAY_BEFORE or not await self._closes_within(fault.number):
            await self._answer_badly(fault, await self._take_effect(call), line)

    async def _answer_badly(self, fault: Fault, answer: Answer, line: Line) -> None:
        match fault.kind:
            case FaultKind.RESET_AFTER:
                await line.cut()
            case FaultKind.GARBAGE:
                await line.answer(_GARBAGE)
            case FaultKind.DRIP:
                await line.drip(answer, self._pace)
            case FaultKind.DELAY:
                if await line.pause(fault.number):
                    await line.answer(answer)
            case FaultKind.BAD_SIGNATURE | FaultKind.SIGNTEST:
                await line.answer(_with_wrong_signature(answer, fault.kind))
            case _:
                await line.answer(answer)

    def _refusal(self, fault: Fault, call: Call) -> Answer | None:
        """The answer of a fault that prevents the effect and answers all the same; None for other faults."""
        endpoint = self._endpoint
        if fault.kind is FaultKind.ERRCODE and endpoint.refuse is not None:
            return endpoint.refuse(self._wechat, int(fault.number))
        if fault.kind is FaultKind.CODE and endpoint.refuse_code is not None:
            return endpoint.refuse_code(self._wechat, call, fault.code)
        if fault.kind is FaultKind.HTTP:
            return self._fail(int(fault.number))
        return None

    def _fail(self, status: int) -> Answer:
        return _http_failure(status) if self._endpoint.fail is None else self._endpoint.fail(self._wechat, status)

    async def _closes_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wechat.closing.wait(), seconds)
        return self._wechat.closing.is_set()

    async def _take_effect(self, call: Call) -> Answer:
        answer = self._endpoint.handle(self._wechat, call)
        self._wechat.changed()
        if self._endpoint.linger is not None:
            await self._endpoint.linger(self._wechat)
        return answer


def _target(scope: Scope) -> str:
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _with_wrong_signature(answer: Answer, kind: FaultKind) -> Answer:
    def spoil(signature: str) -> str:
        # Reversed, it is base64 of the right length all the same once the padding is back at its end.
        bare = signature.rstrip("=")
        return _SIGNTEST + signature if kind is FaultKind.SIGNTEST else bare[::-1] + "=" * (len(signature) - len(bare))

    headers = tuple((name, spoil(value) if name == _SIGNATURE else value) for name, value in answer.headers)
    return replace(answer, headers=headers)


def _http_failure(status: int) -> Answer:
    # A gateway's page rather than WeChat's JSON: what a client meets when WeChat itself does not answer.
    if status < HTTPStatus.BAD_REQUEST:
        return Answer(status, b"", "")
    return Answer(status, f"<html><body><h1>{status}</h1></body></html>".encode(), "text/html")
