"""`GET /media/…`: stored pictures for ever, and nothing else of the folder they lie in."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.media.keys import MediaKey
from tests.media.house import House, open_house
from tests.media.pictures import plain
from tests.media.test_keys import NO_KEYS

pytestmark = pytest.mark.anyio

CONTENT = plain("JPEG", (500, 500))
KEY = MediaKey.for_content("avatars", CONTENT, "jpg")
CODE = MediaKey.for_content("codes", b"code", "png")
HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "etag": f'"{KEY.digest}"',
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "media") as house:
        await house.store.put(KEY, CONTENT)
        await house.store.put(CODE, b"code")
        yield house


def assert_missing(answer: httpx.Response) -> None:
    assert answer.status_code == 404
    assert answer.json() == {
        "errors": [{"message": "There is no such picture.", "extensions": {"code": "BAD_REQUEST"}}]
    }
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


async def test_a_picture_is_shown(house: House) -> None:
    answer = await house.http.get(f"/media/{KEY}")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert dict(answer.headers) == HEADERS | {"content-type": "image/jpeg", "content-length": str(len(CONTENT))}


async def test_its_type_is_that_of_its_extension(house: House) -> None:
    answer = await house.http.get(f"/media/{CODE}", headers={"Accept": "text/html"})
    assert (answer.content, answer.headers["content-type"]) == (b"code", "image/png")


async def test_head_tells_all_but_the_content(house: House) -> None:
    answer = await house.http.head(f"/media/{KEY}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert dict(answer.headers) == HEADERS | {"content-type": "image/jpeg", "content-length": str(len(CONTENT))}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("tags", ['"{0}"', 'W/"{0}"', '"a", "{0}"', "*", '"a",W/"{0}" ,"b"'])
async def test_who_has_it_is_told_so(house: House, method: str, tags: str) -> None:
    answer = await house.http.request(method, f"/media/{KEY}", headers={"If-None-Match": tags.format(KEY.digest)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert dict(answer.headers) == HEADERS


@pytest.mark.parametrize("tags", ["", '"a"', KEY.digest, f'"{CODE.digest}"'])
async def test_who_has_something_else_gets_it(house: House, tags: str) -> None:
    answer = await house.http.get(f"/media/{KEY}", headers={"If-None-Match": tags})
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_what_was_removed_is_missing_also_for_who_has_it(house: House) -> None:
    await house.store.delete(KEY)
    assert_missing(await house.http.get(f"/media/{KEY}"))
    assert_missing(await house.http.get(f"/media/{KEY}", headers={"If-None-Match": f'"{KEY.digest}"'}))
    head = await house.http.head(f"/media/{KEY}")
    assert (head.status_code, head.content, head.headers["cache-control"]) == (404, b"", "no-store")


@pytest.mark.parametrize("path", [*NO_KEYS, "avatars", "avatars/", "codes/", "%2e%2e/secret", "avatars/%2e%2e/secret"])
async def test_nothing_but_keys_is_looked_for(house: House, path: str) -> None:
    # given
    (house.folder / "avatars" / "secret").write_text("secret")
    (house.folder.parent / "secret").write_text("secret")
    address = httpx.URL(f"http://media.test/media/{path.replace(chr(10), '%0a').replace(chr(0), '%00')}")
    # when
    answer = await house.http.get(address)
    # then: httpx itself resolves some of the dots, so that a few leave /media altogether
    if address.raw_path.startswith(b"/media/") and b"?" not in address.raw_path:
        assert_missing(answer)
    assert b"secret" not in answer.content


@pytest.mark.parametrize("path", ["../secret", "avatars/../../secret", "..\\secret", "/etc/passwd", "avatars\0"])
async def test_dots_that_arrive_as_they_are_lead_nowhere(house: House, path: str) -> None:
    # given
    (house.folder.parent / "secret").write_text("secret")
    transport = house.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": f"/media/{path}", "query_string": b"", "headers": []}
    # when
    await transport.app(scope, receive, send)
    # then
    assert sent[0]["status"] == 404
    assert b"secret" not in b"".join(bytes(str(message.get("body", b"")), "utf-8") for message in sent)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused_and_change_nothing(house: House, method: str) -> None:
    answer = await house.http.request(method, f"/media/{KEY}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert house.stored() == [str(KEY), str(CODE)]
