"""Doctor's look at the store of pictures: one is written, read back and removed; nothing stays behind."""

from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes
from typing import Any

from server.doctor_findings import Finding, fault, fine
from server.settings import PREFIX, Settings
from services.media.keys import MediaKey
from services.media.locations import Bucket, Folder, parse_location
from services.media.store import MediaStore, open_store

PICTURES = "pictures"
_URL = f"{PREFIX}MEDIA_URL"
_LONGEST_WAIT = 2.0  # seconds for one call: the longest way are four
_ENDING = "jpg"
_REFUSED = ("PermissionDeniedError", "UnauthenticatedError")


async def check_pictures(settings: Settings) -> Finding:
    """One finding. What is written has a name that no picture has: that of the hash of random bytes."""
    location = parse_location(settings.media_url.get_secret_value())
    content = token_bytes(64)
    key = MediaKey.for_content("avatars", content, _ENDING)
    missing = _missing_folders(location, key)
    try:
        store = open_store(location, seconds=_LONGEST_WAIT)
        return await _try(store, key, content, location)
    except Exception as error:  # noqa: BLE001  (whatever stands in the way of a folder)
        return _faulty(location, "cannot be made", error)
    finally:
        _remove_empty(missing)


async def _try(store: MediaStore, key: MediaKey, content: bytes, location: Folder | Bucket) -> Finding:
    try:
        found = await _write_and_read(store, key, content, location)
    finally:
        # Also where writing failed: what was given up may have arrived.
        error = await _error_of(store.delete(key))
    if found is None and error is not None:
        return _faulty(location, f"keeps {key}, which was written to try it: it cannot be removed", error)
    return found or fine(PICTURES, f"can be written and read in {_name(location)}")


async def _write_and_read(
    store: MediaStore, key: MediaKey, content: bytes, location: Folder | Bucket
) -> Finding | None:
    if error := await _error_of(store.put(key, content)):
        return _faulty(location, "cannot be written to", error)
    read: list[bytes] = []
    if error := await _error_of(_read(store, key, read)):
        return _faulty(location, "cannot be read", error)
    if b"".join(read) != content:
        return fault(PICTURES, f"{_name(location)} does not give back what was written", _advice(location))
    return None


async def _read(store: MediaStore, key: MediaKey, read: list[bytes]) -> None:
    if found := await store.open(key):
        read.extend([chunk async for chunk in found.chunks])


async def _error_of(call: Awaitable[Any]) -> Exception | None:
    try:
        await call
    except Exception as error:  # noqa: BLE001  (told by its kind: the texts of stores hold addresses and keys)
        return error
    return None


def _faulty(location: Folder | Bucket, what: str, error: Exception) -> Finding:
    return fault(PICTURES, f"{_name(location)} {what} ({_kind(error.__cause__ or error)})", _advice(location))


def _kind(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return "refused" if type(error).__name__ in _REFUSED else type(error).__name__


def _name(location: Folder | Bucket) -> str:
    if isinstance(location, Folder):
        return f"the folder {location.path}"
    return f"the bucket {location.name} at {location.endpoint}"


def _advice(location: Folder | Bucket) -> str:
    if isinstance(location, Folder):
        return f"Give it to the user who runs the server (chown), or correct {_URL}."
    return f"Look at each part of {_URL}, and whether its key may put, get and delete objects in this bucket."


def _missing_folders(location: Folder | Bucket, key: MediaKey) -> list[Path]:
    """Those that writing makes, the innermost first."""
    if isinstance(location, Bucket):
        return []
    return [folder for folder in (location.path.absolute() / str(key)).parents if _is_missing(folder)]


def _is_missing(folder: Path) -> bool:
    try:
        return not folder.exists()
    except OSError:
        return False  # it stands where nobody may look


def _remove_empty(folders: list[Path]) -> None:
    """A server that began to use them meanwhile keeps them."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()
