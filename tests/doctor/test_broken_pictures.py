"""The store of pictures: tried for real, told with its advice, and left as it was."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import doctor_pictures
from server.doctor_findings import Finding, Verdict
from server.doctor_pictures import check_pictures
from tests.doctor.surgery import CANARY, PRIVATE, Patient, contents
from tests.media.bucket_server import BUCKET, KEY_ID, SECRET, BucketServer, bucket_server
from tests.process.running import free_port

pytestmark = pytest.mark.anyio

CHOWN = "Give it to the user who runs the server (chown), or correct APPLETQL_MEDIA_URL."
LOOK = "Look at each part of APPLETQL_MEDIA_URL, and whether its key may put, get and delete objects in this bucket."


@pytest.fixture
def bucket() -> Iterator[BucketServer]:
    with bucket_server() as server:
        yield server


async def look(patient: Patient, url: str) -> Finding:
    """The one finding, after a look that it tells no secret."""
    finding = await check_pictures(patient.settings(media_url=url))
    assert finding.check == "pictures"
    assert not [private for private in (*PRIVATE, KEY_ID, SECRET, "s%2Fe%2Bcret") if private in str(finding)]
    return finding


async def broken(patient: Patient, url: str, advice: str) -> str:
    """What is found, of a fault with this advice."""
    finding = await look(patient, url)
    assert (finding.verdict, finding.advice) == (Verdict.FAULT, advice)
    return finding.found


def paths(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


async def test_a_folder_that_is_not_there_yet_is_tried_and_not_left(patient: Patient, tmp_path: Path) -> None:
    finding = await look(patient, f"file://{tmp_path}/not/yet")

    assert finding == Finding(Verdict.OK, "pictures", f"can be written and read in the folder {tmp_path}/not/yet")
    assert contents(tmp_path) == []


async def test_a_folder_in_use_is_left_as_it_was(patient: Patient, tmp_path: Path) -> None:
    # given
    (tmp_path / "media" / "avatars").mkdir(parents=True)
    (tmp_path / "media" / "avatars" / "picture.jpg").write_bytes(b"picture")
    (tmp_path / "media" / "codes").mkdir()

    # when
    finding = await look(patient, f"file://{tmp_path}/media")

    # then
    assert finding.verdict is Verdict.OK
    assert paths(tmp_path) == ["media", "media/avatars", "media/avatars/picture.jpg", "media/codes"]
    assert (tmp_path / "media" / "avatars" / "picture.jpg").read_bytes() == b"picture"


async def test_an_empty_folder_stays_there_and_empty(patient: Patient, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()

    assert (await look(patient, "file://./media")).verdict is Verdict.OK

    assert paths(tmp_path) == ["media"]


async def test_a_file_in_the_place_of_the_folder_is_told(patient: Patient, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    for folder in ("file", "file/media"):
        found = await broken(patient, f"file://{tmp_path}/{folder}", CHOWN)
        assert found.startswith(f"the folder {tmp_path}/{folder} cannot be made (")

    assert paths(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "in the way"


async def test_a_folder_that_cannot_be_written_to_is_told(patient: Patient, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "avatars").write_text("in the way")

    found = await broken(patient, f"file://{tmp_path}/media", CHOWN)

    assert found.startswith(f"the folder {tmp_path}/media cannot be written to (")
    assert paths(tmp_path) == ["media", "media/avatars"]


async def test_a_bucket_is_tried_and_left_as_it_was(patient: Patient, bucket: BucketServer) -> None:
    # given
    picture = f"/{BUCKET}/v1/avatars/picture.jpg"
    bucket.objects[picture] = b"picture", {}

    # when
    finding = await look(patient, bucket.location)

    # then
    assert finding == Finding(
        Verdict.OK, "pictures", f"can be written and read in the bucket {BUCKET} at {bucket.address}"
    )
    verbs, tried = zip(*(request.split(" ") for request in bucket.requests), strict=True)
    assert verbs == ("PUT", "GET", "DELETE")
    assert len(set(tried)) == 1
    assert tried[0].startswith(f"/{BUCKET}/v1/avatars/")
    assert list(bucket.objects) == [picture]


async def test_each_try_has_a_name_of_its_own(patient: Patient, bucket: BucketServer) -> None:
    assert {(await look(patient, bucket.location)).verdict for _ in range(2)} == {Verdict.OK}

    assert len(set(bucket.requests)) == 6


async def test_a_wrong_secret_is_told_without_it(patient: Patient, bucket: BucketServer) -> None:
    found = await broken(patient, bucket.location.replace("cret@", f"{CANARY}@"), LOOK)

    assert found == f"the bucket {BUCKET} at {bucket.address} cannot be written to (refused)"
    assert bucket.objects == {}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("403", "refused"), ("401", "refused"), ("404", "FileNotFoundError"), ("500", "GenericError")],
)
async def test_what_a_bucket_answers_is_told_by_its_kind(
    patient: Patient, bucket: BucketServer, fault: str, kind: str
) -> None:
    bucket.fault = fault

    found = await broken(patient, bucket.location, LOOK)

    assert found == f"the bucket {BUCKET} at {bucket.address} cannot be written to ({kind})"


async def test_a_bucket_that_is_cut_off_cannot_be_read_and_is_cleared(patient: Patient, bucket: BucketServer) -> None:
    bucket.fault = "cut"

    found = await broken(patient, bucket.location, LOOK)

    assert found.startswith(f"the bucket {BUCKET} at {bucket.address} cannot be read (")
    assert bucket.objects == {}


async def test_where_nothing_listens_is_told(patient: Patient, bucket: BucketServer) -> None:
    gone = f"http://127.0.0.1:{free_port()}"

    found = await broken(patient, bucket.location.replace(bucket.address, gone), LOOK)

    assert found.startswith(f"the bucket {BUCKET} at {gone} cannot be written to (")


async def test_a_bucket_that_does_not_answer_is_given_up(patient: Patient, bucket: BucketServer) -> None:
    bucket.fault = "hang"
    started = time.monotonic()

    found = await broken(patient, bucket.location, LOOK)

    assert found == f"the bucket {BUCKET} at {bucket.address} cannot be written to (no answer in time)"
    assert time.monotonic() - started < 6


class _Keeping(dict[str, tuple[bytes, dict[str, str]]]):
    """Objects that no request removes."""

    def pop(self, *_: object) -> None:  # type: ignore[override]  # nothing comes out
        raise ConnectionError


class _Changing(dict[str, tuple[bytes, dict[str, str]]]):
    """Objects that are not what was put."""

    def __setitem__(self, path: str, stored: tuple[bytes, dict[str, str]]) -> None:
        super().__setitem__(path, (stored[0][::-1] + b"!", stored[1]))


async def test_what_cannot_be_removed_is_told_by_its_name(
    patient: Patient, bucket: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_pictures, "_LONGEST_WAIT", 0.5)
    bucket.objects = _Keeping()

    found = await broken(patient, bucket.location, LOOK)

    [left] = bucket.objects
    assert f" keeps {left.removeprefix(f'/{BUCKET}/v1/')}, which was written to try it: it cannot be removed (" in found


async def test_what_is_not_given_back_as_it_was_is_told(patient: Patient, bucket: BucketServer) -> None:
    bucket.objects = _Changing()

    found = await broken(patient, bucket.location, LOOK)

    assert found == f"the bucket {BUCKET} at {bucket.address} does not give back what was written"
    assert bucket.objects == {}


async def test_giving_up_in_the_middle_leaves_nothing(patient: Patient, tmp_path: Path, bucket: BucketServer) -> None:
    # given
    looking = asyncio.create_task(check_pictures(patient.settings(media_url=bucket.location)))
    bucket.fault = "hang"
    async with asyncio.timeout(5):
        while not bucket.requests:  # noqa: ASYNC110  (a thread serves the bucket)
            await asyncio.sleep(0.01)

    # when
    bucket.fault = ""
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking

    # then
    assert [request.split(" ")[0] for request in bucket.requests][-1] == "DELETE"
    assert bucket.objects == {}
    assert contents(tmp_path) == []
