"""The ASGI application: WeChat's paths, the remote control and a front page."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.content_check import CONTENT_CHECK, WORDS
from sandbox.controls import ControlPath
from sandbox.credentials import CREDENTIALS
from sandbox.delivery import Drip, WeChatPath
from sandbox.faults import written_kinds
from sandbox.mini_program import MINI_PROGRAM
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.bills import BILLS
from sandbox.pay.certificates import CERTIFICATES
from sandbox.pay.refund_paths import REFUNDS
from sandbox.pay.sending import Sender
from sandbox.pay.transactions import TRANSACTIONS
from sandbox.remote_control import CONTROLS
from sandbox.wxacode import WXACODE

_API_WEIXIN = (*MINI_PROGRAM, *CONTENT_CHECK, *WXACODE, *CREDENTIALS)
_API_MCH = (*TRANSACTIONS, *REFUNDS, *BILLS, *CERTIFICATES)
ENDPOINTS = {endpoint.path: endpoint for endpoint in (*_API_WEIXIN, *_API_MCH)}
"""WeChat's paths that exist here."""

_LARGEST_BODY = 1024 * 1024


def create_application(
    wechat: OfflineWeChat, *, pace: Drip | None = None, on_shutdown: Callable[[], None] = lambda: None
) -> Starlette:
    """The application around an offline WeChat. Bodies of more than 1 MiB are answered 413, unknown paths 404."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with _sending(wechat):
            yield
        on_shutdown()

    wechat.endpoints = ENDPOINTS
    paths = [
        Route(path, WeChatPath(wechat, endpoint, pace or Drip()), methods=endpoint.methods)
        for path, endpoint in ENDPOINTS.items()
    ]
    controls = [
        Route(control.path, ControlPath(wechat, control).answer, methods=[control.method]) for control in CONTROLS
    ]
    application = Starlette(
        routes=[Route("/", _front_page), *paths, *controls],
        exception_handlers={HTTPException: _refuse, ClientDisconnect: _give_up},
        lifespan=lifespan,
        max_body_size=_LARGEST_BODY,
    )
    # WeChat does not know these paths with a slash at the end.
    application.router.redirect_slashes = False
    return application


@asynccontextmanager
async def _sending(wechat: OfflineWeChat) -> AsyncIterator[None]:
    """Notices go out while the application runs."""
    sender = Sender(wechat)
    wechat.pay.wake, wechat.pay.sender = sender.wake, sender
    running = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def _front_page(_: Request) -> Response:
    paths = "\n".join(f"  {each.path}" for each in _API_WEIXIN)
    pay_paths = "\n".join(f"  {each.method:<4} {each.path}" for each in _API_MCH)
    words = "\n".join(f"  {each.text}: {each.suggest.name.lower()}, label {each.label}" for each in WORDS)
    controls = "\n".join(f"  {each.method:<4} {each.path:<28} {each.summary}" for each in CONTROLS)
    return PlainTextResponse(
        "AppletQL sandbox: an offline WeChat for development and tests. Nothing here reaches WeChat.\n\n"
        f"Paths of api.weixin.qq.com:\n{paths}\n\n"
        f"Paths of api.mch.weixin.qq.com:\n{pay_paths}\n\n"
        f"Words that /wxa/msg_sec_check objects to:\n{words}\n\n"
        f"Faults of a path, or of one concrete path: {', '.join(written_kinds())}\n\n"
        f"Remote control (JSON in, JSON out):\n{controls}\n"
    )


async def _refuse(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    if request.url.path.startswith("/_sandbox/"):
        return JSONResponse({"error": "no such call; GET / lists them"}, status, headers)
    return Response(status_code=status, headers=headers)


async def _give_up(_: Request, _error: Exception) -> Response:
    # The client left in the middle of its request: nobody reads this, and it is no fault worth a trace in the log.
    return Response(status_code=400)
