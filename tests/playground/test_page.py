"""The page's answer, its headers and its files, with a build and without one."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from server.playground import Playground

pytestmark = pytest.mark.anyio

POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "graphiql.html").write_text("<html><head><title>AppletQL</title></head><body></body></html>")
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "graphiql-abc.js").write_text("export {};")
    (tmp_path / "licenses.md").write_text("MIT")
    return tmp_path


async def fetch(playground: Playground, path: str) -> httpx.Response:
    app = Starlette(routes=[Route("/graphql", playground.page), *playground.routes()])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        return await client.get(path)


async def test_the_page_is_html_that_may_talk_to_its_own_host_alone(build: Path) -> None:
    response = await fetch(Playground(build, None), "/graphql")

    assert response.status_code == 200
    assert response.text == (build / "graphiql.html").read_text()
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["vary"] == "Accept"


async def test_the_page_names_the_sandbox(build: Path) -> None:
    response = await fetch(Playground(build, "http://127.0.0.1:8101"), "/graphql")

    assert '<meta name="appletql-sandbox" content="http://127.0.0.1:8101"></head>' in response.text


async def test_a_sandbox_address_cannot_leave_its_attribute(build: Path) -> None:
    response = await fetch(Playground(build, """http://x/"><script>'&amp;</head>"""), "/graphql")

    assert "<script>" not in response.text
    assert response.text.count("</head>") == 1
    assert 'content="http://x/&quot;&gt;&lt;script&gt;&#x27;&amp;amp;&lt;/head&gt;"' in response.text


async def test_a_hashed_file_is_kept_for_a_year(build: Path) -> None:
    response = await fetch(Playground(build, None), "/static/graphiql/assets/graphiql-abc.js")

    assert response.status_code == 200
    assert response.text == "export {};"
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/static/graphiql/assets/missing.js",
        "/static/graphiql/assets/..%2flicenses.md",
        "/static/graphiql/assets/",
        "/static/graphiql/graphiql.html",
    ],
)
async def test_nothing_else_is_served(build: Path, path: str) -> None:
    response = await fetch(Playground(build, None), path)

    assert response.status_code == 404
    assert "cache-control" not in response.headers


async def test_without_a_build_the_page_says_how_to_make_it(tmp_path: Path) -> None:
    playground = Playground(tmp_path / "absent", "http://127.0.0.1:8001")

    response = await fetch(playground, "/graphql?query={a}")

    assert not playground.is_built
    assert list(playground.routes()) == []
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["cache-control"] == "no-cache"
    assert "<code>make playground</code>" in response.text
    assert "Node.js 20" in response.text
    assert """curl -s http://127.0.0.1:8000/graphql -H""" in response.text
    assert "{a}" not in response.text


async def test_half_a_build_counts_as_none(build: Path) -> None:
    (build / "assets" / "graphiql-abc.js").unlink()
    (build / "assets").rmdir()

    playground = Playground(build, None)

    assert not playground.is_built
    assert list(playground.routes()) == []


def test_a_build_without_a_head_is_refused(build: Path) -> None:
    (build / "graphiql.html").write_text("<p>")

    with pytest.raises(ValueError, match="build it again"):
        Playground(build, "http://127.0.0.1:8001")
