"""The store of pictures in a folder and in a bucket: the same behaviour, and every failure has one name."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.problems import Unavailable
from services.media.keys import MediaKey
from services.media.locations import Folder, parse_location
from services.media.store import MediaStore, open_store
from tests.media.bucket_server import BUCKET, BucketServer, bucket_server

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * 1000
KEY = MediaKey.for_content("avatars", CONTENT, "jpg")
OTHER = MediaKey.for_content("codes", b"other", "png")


@dataclass
class Place:
    store: MediaStore
    folder: Path | None
    server: BucketServer | None

    def names(self) -> list[str]:
        """What is really there."""
        if self.server is not None:
            return sorted(path.removeprefix(f"/{BUCKET}/v1/") for path in self.server.objects)
        assert self.folder is not None
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def server() -> Iterator[BucketServer]:
    with bucket_server() as server:
        yield server


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        folder = tmp_path / "not" / "yet"
        return Place(open_store(Folder(folder)), folder, None)
    server: BucketServer = request.getfixturevalue("server")
    return Place(open_store(parse_location(server.location)), None, server)


async def read(store: MediaStore, key: MediaKey) -> bytes | None:
    found = await store.open(key)
    if found is None:
        return None
    content = b"".join([chunk async for chunk in found.chunks])
    assert found.size == len(content)
    return content


async def test_what_is_put_is_there_until_it_is_deleted(place: Place) -> None:
    # given
    assert (await read(place.store, KEY), await place.store.size(KEY), await place.store.exists(KEY)) == (
        None,
        None,
        False,
    )
    # when
    await place.store.put(KEY, CONTENT)
    await place.store.put(OTHER, b"other")
    # then
    assert await read(place.store, KEY) == CONTENT
    assert (await place.store.size(KEY), await place.store.exists(KEY)) == (len(CONTENT), True)
    assert place.names() == [str(KEY), str(OTHER)]
    # and when
    await place.store.delete(KEY)
    # then
    assert await read(place.store, KEY) is None
    assert place.names() == [str(OTHER)]


async def test_putting_and_deleting_again_change_nothing(place: Place) -> None:
    await place.store.put(KEY, CONTENT)
    await place.store.put(KEY, CONTENT)
    assert place.names() == [str(KEY)]
    await place.store.delete(KEY)
    await place.store.delete(KEY)
    assert place.names() == []


async def test_many_at_once_leave_one_whole_picture(place: Place) -> None:
    # given
    async def put_and_read() -> bytes | None:
        await place.store.put(KEY, CONTENT)
        return await read(place.store, KEY)

    # when
    found = await asyncio.gather(*(put_and_read() for _ in range(20)))
    # then
    assert set(found) == {CONTENT}
    assert place.names() == [str(KEY)]


async def test_a_bucket_is_told_type_and_caching_and_asked_once_a_call(server: BucketServer) -> None:
    # given
    store = open_store(parse_location(server.location))
    path = f"/{BUCKET}/v1/{KEY}"
    # when
    await store.put(KEY, CONTENT)
    await read(store, KEY)
    await store.size(KEY)
    await store.delete(KEY)
    await store.put(OTHER, b"other")
    # then
    assert server.requests == [f"{verb} {path}" for verb in ("PUT", "GET", "HEAD", "DELETE")] + [
        f"PUT /{BUCKET}/v1/{OTHER}"
    ]
    _, headers = server.objects[f"/{BUCKET}/v1/{OTHER}"]
    assert headers["content-type"] == "image/png"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_the_environment_does_not_meddle(server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    for name, value in {
        "AWS_ACCESS_KEY_ID": "another",
        "AWS_SECRET_ACCESS_KEY": "another",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "elsewhere",
        "AWS_DEFAULT_REGION": "elsewhere",
        "AWS_BUCKET": "another",
        "AWS_ENDPOINT": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_UNSIGNED_PAYLOAD": "true",
        "AWS_REQUEST_PAYER": "true",
        "AWS_S3_EXPRESS": "true",
    }.items():
        monkeypatch.setenv(name, value)
    store = open_store(parse_location(server.location))
    # when
    await store.put(KEY, CONTENT)
    # then
    assert await read(store, KEY) == CONTENT


async def test_a_wrong_secret_is_unavailable_and_stores_nothing(server: BucketServer) -> None:
    store = open_store(parse_location(server.location.replace("cret@", "cred@")))
    with pytest.raises(Unavailable) as caught:
        await store.put(KEY, CONTENT)
    assert "cred" not in str(caught.value)
    assert server.objects == {}


@pytest.mark.parametrize("fault", ["hang", "500", "503", "403"])
async def test_a_bucket_that_fails_is_unavailable_within_its_time(server: BucketServer, fault: str) -> None:
    # given
    store = open_store(parse_location(server.location), seconds=0.5)
    await store.put(KEY, CONTENT)
    server.fault = fault
    for call in (store.put(OTHER, b"other"), store.open(KEY), store.size(KEY), store.delete(KEY)):
        started = time.perf_counter()
        # when
        with pytest.raises(Unavailable, match=r"^The store of pictures is busy or away; try again\.$"):
            await call
        # then
        assert time.perf_counter() - started < 3
    assert list(server.objects) == [f"/{BUCKET}/v1/{KEY}"]


async def test_a_bucket_that_is_cut_off_or_gone_is_unavailable(server: BucketServer) -> None:
    # given
    store = open_store(parse_location(server.location), seconds=0.5)
    await store.put(KEY, CONTENT)
    server.fault = "cut"
    # when
    with pytest.raises(Unavailable):
        await read(store, KEY)
    # and given
    gone = open_store(parse_location(server.location.replace(server.address, "http://127.0.0.1:1")), seconds=0.5)
    # when
    with pytest.raises(Unavailable):
        await gone.put(KEY, CONTENT)


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match=r"^The folder for pictures cannot be made\.$"):
        open_store(Folder(tmp_path / "file" / "media"))


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    # given
    store = open_store(Folder(tmp_path / "media"))
    (tmp_path / "media" / "avatars").write_text("in the way")
    # when
    for call in (store.put(KEY, CONTENT), store.delete(KEY)):
        with pytest.raises(Unavailable) as caught:
            await call
        assert str(tmp_path) not in caught.value.message
    # then
    assert (tmp_path / "media" / "avatars").read_text() == "in the way"
