"""The GraphiQL page of `GET /graphql` and the files it loads, from the build of `playground/`."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_ASSETS_PATH = "/static/graphiql/assets"
_SANDBOX_META = "appletql-sandbox"
_YEAR = 365 * 24 * 3600

# The editor writes its colours and sizes as style elements, hence 'unsafe-inline' for styles; scripts stay strict.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
_PAGE_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Vary": "Accept",
}

_NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>AppletQL</title></head>
<body style="max-width: 40rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif">
<h1>AppletQL is running, without GraphiQL</h1>
<p>The GraphiQL page has not been built, most likely because Node.js was missing at set-up.</p>
<p>Install Node.js 20.19 or newer, run <code>make playground</code> and start the server again.</p>
<p>The API needs none of it. Any GraphQL client works, and so does this:</p>
<pre>curl -s {url} -H 'Content-Type: application/json' -d '{{"query": "{{ __typename }}"}}'</pre>
</body>
</html>
"""


class Playground:
    """GraphiQL as it was built into a folder, or a page that says how to build it.

    `build` is the folder that `playground/` is built into, with `graphiql.html` and `assets/`; it is read once, here.
    `sandbox` is the address that a developer's terminal reaches the sandbox at, as in `http://127.0.0.1:8001`, and is
    shown on the page; None where there is no sandbox. Raises ValueError where the build's page has no head to put
    it into.
    """

    def __init__(self, build: Path, sandbox: str | None) -> None:
        page = build / "graphiql.html"
        self._assets = build / "assets"
        is_whole = page.is_file() and self._assets.is_dir()
        self._page = _with_sandbox(page.read_text(encoding="utf-8"), sandbox) if is_whole else None

    @property
    def is_built(self) -> bool:
        """Whether `page` shows GraphiQL."""
        return self._page is not None

    def page(self, request: Request) -> Response:
        """The answer to a browser's `GET /graphql`: always 200 and HTML, and to be asked for anew at each visit."""
        page = self._page or _NOT_BUILT.format(url=escape(str(request.url.replace(query=""))))
        return HTMLResponse(page, headers=_PAGE_HEADERS)

    def routes(self) -> Sequence[BaseRoute]:
        """Where the page's scripts, styles and fonts are served; nothing where it was not built."""
        return [Mount(_ASSETS_PATH, _HashedFiles(directory=self._assets), name="graphiql")] if self.is_built else []


class _HashedFiles(StaticFiles):
    """Files whose name changes with their content, so that a browser need never ask twice."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _with_sandbox(page: str, sandbox: str | None) -> str:
    if sandbox is None:
        return page
    head, end, rest = page.partition("</head>")
    if not end:
        raise ValueError("the GraphiQL page that was built has no </head>: build it again")
    return f'{head}<meta name="{_SANDBOX_META}" content="{escape(sandbox)}">{end}{rest}'
