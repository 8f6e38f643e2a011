"""Who asks: the bearer token of a request becomes a viewer, once, before any field runs."""

from starlette.requests import Request

from resolvers.context import Context
from server.wiring import Process

_SCHEME = "bearer "


async def build_context(process: Process, request: Request) -> Context:
    """The context of one request, by one statement where it brings a token.

    A header of another scheme counts as no token. Raises Unavailable when the database does not answer.
    """
    if process.sandbox_clock is not None:
        await process.sandbox_clock.follow()
    token = _bearer_token(request.headers.get("authorization", ""))
    if token is None:
        return Context(process.services, viewer=None, has_bad_token=False)
    viewer = await process.services.sessions.find(token)
    return Context(process.services, viewer=viewer, has_bad_token=viewer is None)


def _bearer_token(header: str) -> str | None:
    if not header.lower().startswith(_SCHEME):
        return None
    return header[len(_SCHEME) :].strip()
