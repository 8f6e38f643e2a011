"""`POST /uploads/avatar`: who may, what is read of a form, what is refused, and that a refusal leaves nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from domain.problems import Unavailable
from server.lingering import Lingering
from server.uploads import UploadLimits
from services.media.images import prepare_avatar
from services.media.keys import MediaKey
from tests.media.hostile import MEBIBYTE, refused
from tests.media.house import ALICE, BOB, BOUNDARY, PUBLIC_URL, House, form, open_house
from tests.media.pictures import CANARY, FORMATS, corners, encoded, opened, plain, quarters, with_metadata

pytestmark = pytest.mark.anyio

JPEG = plain("JPEG")
LIMIT = 2 * MEBIBYTE


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "media") as house:
        yield house


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[House]:
    """Reads nothing away after a refusal, so that what was read is what it took to decide."""
    async with open_house(tmp_path / "media", UploadLimits(lingering=Lingering(size=0))) as house:
        yield house


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer in the shape of GraphQL errors, and in no other."""
    content = answer.json()
    assert list(content) == ["errors"]
    (error,) = content["errors"]
    assert set(error) == {"message", "extensions"}
    assert error["message"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, error["extensions"]["code"]


@pytest.mark.parametrize("kind", FORMATS)
async def test_an_upload_is_answered_with_an_address_that_shows_the_avatar(house: House, kind: str) -> None:
    # when
    answer = await house.upload(with_metadata(kind))
    # then
    assert (answer.status_code, list(answer.json())) == (200, ["url"])
    address = answer.json()["url"]
    key = address.removeprefix(f"{PUBLIC_URL}/media/")
    assert house.recorded == [("usr_alice", key)]
    assert house.stored() == [key]
    shown = await house.http.get(f"/media/{key}")
    assert shown.status_code == 200
    assert MediaKey.parse(key) is not None
    assert shown.content == prepare_avatar(with_metadata(kind)).content
    assert corners(opened(shown.content)) == ["red", "green", "blue", "white"]


async def test_each_upload_has_a_file_of_its_own(house: House) -> None:
    addresses = [(await house.upload(JPEG, token)).json()["url"] for token in (ALICE, ALICE, BOB)]
    assert len(set(addresses)) == len(house.stored()) == 3
    assert [user for user, _ in house.recorded] == ["usr_alice", "usr_alice", "usr_bob"]


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer unknown", f"Basic {ALICE}"])
async def test_without_a_live_token_not_a_byte_is_read(house: House, authorization: str | None) -> None:
    # given
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(True)
        yield form(("file", "a", JPEG))

    headers = {"Authorization": authorization} if authorization is not None else {}
    # when
    answer = await house.send(body(), None, **headers)
    # then
    assert refusal(answer) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not read
    assert house.is_untouched()


@pytest.mark.parametrize("name", refused())
async def test_hostile_pictures_leave_nothing(house: House, name: str) -> None:
    # when
    answer = await house.upload(refused()[name][0])
    # then
    assert refusal(answer) == (413 if name == "one byte too many" else 400, "BAD_REQUEST")
    assert CANARY not in answer.text
    assert house.is_untouched()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_refused(house: House, method: str) -> None:
    answer = await house.http.request(method, "/uploads/avatar", headers={"Authorization": f"Bearer {ALICE}"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.content == b"" or refusal(answer) == (405, "BAD_REQUEST")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "image/jpeg", "application/x-www-form-urlencoded", "multipart/mixed; boundary=a", "x"],
)
async def test_what_is_no_form_is_refused(house: House, content_type: str) -> None:
    assert refusal(await house.send(JPEG, content_type=content_type)) == (415, "BAD_REQUEST")
    assert house.is_untouched()


async def test_a_compressed_body_is_refused(house: House) -> None:
    answer = await house.send(form(("file", "a", JPEG)), **{"Content-Encoding": "gzip"})
    assert refusal(answer) == (415, "BAD_REQUEST")
    assert house.is_untouched()


FILE = ("file", "a.jpg", JPEG)
WHOLE = form(FILE)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", None),
        (JPEG, None),
        (WHOLE, "multipart/form-data"),
        (WHOLE, "multipart/form-data; boundary="),
        (WHOLE, "multipart/form-data; boundary=another"),
        (WHOLE, f"multipart/form-data; boundary={'b' * 300}"),
        (WHOLE, "multipart/form-data" + "; a=b" * 12_000 + f"; boundary={BOUNDARY}"),
        (WHOLE[:-3], None),
        (WHOLE[:-20], None),
        (WHOLE[:200], None),
        (form(FILE, end=b"\r\n"), None),
        (form(), None),
        (form(("user", None, b"test")), None),
        (form(("file", None, JPEG)), None),
        (form(("picture", "a.jpg", JPEG)), None),
        (form(FILE, FILE), None),
        (form(FILE, ("picture", "a.jpg", JPEG)), None),
        (form(*[("user", None, b"test")] * 20, FILE), None),
        (WHOLE.replace(b"Content-Disposition", b"X-Disposition"), None),
        (WHOLE.replace(b'name="file"; ', b""), None),
        (WHOLE.replace(b"Content-Disposition: ", b"Content-Disposition\xff\r\n"), None),
        (WHOLE.replace(b"Content-Type: image/jpeg", b"X: " + b"y" * 60_000), None),
        (WHOLE.replace(b"Content-Type: image/jpeg", b"\r\n".join([b"X: y"] * 1000)), None),
    ],
)
async def test_a_form_that_is_wrong_is_refused(house: House, body: bytes, content_type: str | None) -> None:
    answer = await house.send(body, content_type=content_type)
    assert refusal(answer) == (400, "BAD_REQUEST")
    assert house.is_untouched()


@pytest.mark.parametrize(
    "body",
    [
        form(*[("user", None, b"test")] * 19, FILE),
        form(FILE, ("user", None, b"x" * 50_000)),
        form(("user", None, b"\xff\xfe\0"), FILE, ("", None, b"")),
        form(("file", "", JPEG)),
        form(("file", "../../../etc/passwd", JPEG)),
        form(("file", "<script>.svg", JPEG)).replace(b"image/jpeg", b"image/svg+xml"),
        form(("user", None, b"a"), ("file", "a.jpg", JPEG)).replace(b"Content-Disposition", b"content-disposition"),
        b"something before\r\n" + form(FILE),
        form(FILE) + b"something after",
    ],
)
async def test_what_stands_beside_the_file_does_not_matter(house: House, body: bytes) -> None:
    answer = await house.send(body)
    if body.startswith(b"something"):  # the parser takes no preamble, and wx.uploadFile sends none
        assert refusal(answer) == (400, "BAD_REQUEST")
        return
    assert answer.status_code == 200, answer.text
    assert len(house.stored()) == 1


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_a_body_may_come_in_any_pieces(house: House, step: int) -> None:
    # given
    body = form(("user", None, b"test"), FILE)

    async def pieces() -> AsyncIterator[bytes]:
        for place in range(0, len(body), step):
            yield body[place : place + step]

    # when
    answer = await house.send(pieces())
    # then
    assert answer.status_code == 200
    assert len(house.stored()) == 1


async def test_a_picture_of_exactly_the_limit_is_taken(house: House) -> None:
    assert (await house.upload(JPEG + bytes(LIMIT - len(JPEG)))).status_code == 200


@pytest.mark.parametrize("is_declared", [True, False])
@pytest.mark.parametrize(
    "make",
    [
        lambda: form(("file", "a", JPEG + bytes(LIMIT + 1 - len(JPEG)))),
        lambda: form(("file", "a", bytes(50 * MEBIBYTE))),
        lambda: form(("user", None, bytes(70_000)), FILE),
        lambda: form(FILE, ("user", None, bytes(50 * MEBIBYTE))),
        lambda: form(FILE) + b"\r\n" * 40_000,
    ],
)
async def test_too_much_is_refused_as_soon_as_it_is_seen(
    hasty: House, make: Callable[[], bytes], is_declared: bool
) -> None:
    # given
    body = make()
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        for place in range(0, len(body), 65_536):
            read = place
            yield body[place : place + 65_536]

    # when
    answer = await hasty.send(pieces(), **({"Content-Length": str(len(body))} if is_declared else {}))
    # then
    assert refusal(answer) == (413, "BAD_REQUEST")
    assert answer.headers["connection"] == "close"
    assert read <= LIMIT + 4 * 65_536
    assert hasty.is_untouched()


@pytest.mark.parametrize("length", ["9" * 5000, "99999999999999999999"])
async def test_a_length_beyond_all_limits_is_refused_before_a_byte_is_read(hasty: House, length: str) -> None:
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(True)
        yield WHOLE

    assert refusal(await hasty.send(body(), **{"Content-Length": length})) == (413, "BAD_REQUEST")
    assert not read


async def test_a_slow_body_is_given_up_and_its_place_is_free_again(tmp_path: Path) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield WHOLE[:50]
        await asyncio.sleep(5)
        yield WHOLE[50:]

    async with open_house(tmp_path, UploadLimits(at_once=1, seconds=0.05)) as house:
        assert refusal(await house.send(slow())) == (408, "BAD_REQUEST")
        assert house.is_untouched()
        assert (await house.upload(JPEG)).status_code == 200


async def test_one_user_may_have_two_uploads_under_way_and_all_together_three(tmp_path: Path) -> None:
    # given
    begun, let_go = asyncio.Semaphore(0), asyncio.Event()

    async def held() -> AsyncIterator[bytes]:
        begun.release()
        await let_go.wait()
        yield WHOLE

    async with open_house(tmp_path, UploadLimits(at_once=3, of_one_user=2)) as house:
        calls = [asyncio.create_task(house.send(held(), token)) for token in (ALICE, ALICE, BOB)]
        for _ in calls:
            await asyncio.wait_for(begun.acquire(), 5)
        # when
        third, another = await house.upload(JPEG, ALICE), await house.upload(JPEG, BOB)
        let_go.set()
        # then
        assert refusal_of_rate(third) == (429, "RATE_LIMITED", 1)
        assert (refusal(another), another.headers["retry-after"]) == ((503, "UNAVAILABLE"), "1")
        assert [answer.status_code for answer in await asyncio.gather(*calls)] == [200, 200, 200]
        assert (await house.upload(JPEG, ALICE)).status_code == 200


def refusal_of_rate(answer: httpx.Response) -> tuple[int, str, int]:
    extensions = answer.json()["errors"][0]["extensions"]
    assert answer.headers["retry-after"] == str(extensions["retryAfter"])
    return answer.status_code, extensions["code"], extensions["retryAfter"]


async def test_what_cannot_be_recorded_is_not_stored(house: House) -> None:
    # given
    house.recording_fails = Unavailable("The database is busy or away; try again.")
    # when
    answer = await house.upload(JPEG)
    # then
    assert refusal(answer) == (503, "UNAVAILABLE")
    assert house.is_untouched()


async def test_a_fault_of_ours_is_masked_and_stores_nothing(house: House) -> None:
    # given
    house.recording_fails = RuntimeError(CANARY)
    # when
    answer = await house.upload(JPEG)
    # then
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["message"], error["extensions"]["code"]) == (500, "Internal error", "INTERNAL")
    assert len(error["extensions"]["errorId"]) == 16
    assert CANARY not in answer.text
    assert house.is_untouched()


async def test_what_cannot_be_stored_is_unavailable_and_heals_when_it_is_sent_again(house: House) -> None:
    # given
    in_the_way = house.folder / "avatars"
    in_the_way.write_text("in the way")
    # when
    answer = await house.upload(JPEG)
    # then
    assert refusal(answer) == (503, "UNAVAILABLE")
    # and when
    in_the_way.unlink()
    again = await house.upload(JPEG)
    # then
    assert again.status_code == 200
    assert len(house.recorded) == 2  # the first claim stays until it is one too many
    assert house.stored() == [house.recorded[1][1]]


async def test_many_uploads_at_once_all_arrive(house: House) -> None:
    # given
    pictures = [encoded(quarters(100 + number), "JPEG") for number in range(4)]
    # when
    answers = await asyncio.gather(
        *(house.upload(picture, token) for picture, token in zip(pictures, (ALICE, BOB) * 2, strict=True))
    )
    # then
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(house.stored()) == len(house.recorded) == 4


async def test_a_client_that_goes_away_leaves_nothing(house: House) -> None:
    # given
    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    sent: list[object] = []
    headers = [
        (b"authorization", f"Bearer {ALICE}".encode()),
        (b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode()),
    ]
    scope = {"type": "http", "method": "POST", "path": "/uploads/avatar", "query_string": b"", "headers": headers}
    transport = house.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    # when
    await transport.app(scope, receive, send)
    # then
    assert sent == []
    assert house.is_untouched()
    assert (await house.upload(JPEG)).status_code == 200
