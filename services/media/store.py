"""The store of pictures: a folder or a bucket, one object a key, every call bounded in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from domain.problems import Unavailable
from services.media.keys import MediaKey
from services.media.locations import Bucket, Folder

if TYPE_CHECKING:
    from obstore import Attributes, BytesStream
    from obstore.store import S3Credential

_AWAY: Final = "The store of pictures is busy or away; try again."
_CHUNK: Final = 64 * 1024
_RETRIES: Final = 2
_LONGEST_PAUSE: Final = timedelta(seconds=1)
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture that is there: `size` in bytes, `chunks` its content, to be read once.

    Reading raises Unavailable where the store fails in its middle.
    """

    size: int
    chunks: AsyncIterator[bytes]


class MediaStore:
    """Pictures by their keys; `seconds` bounds each call. Every method raises Unavailable when the store fails."""

    def __init__(self, objects: LocalStore | S3Store, *, seconds: float) -> None:
        self._objects = objects
        self._seconds = seconds
        self._keeps_attributes = isinstance(objects, S3Store)

    async def put(self, key: MediaKey, content: bytes) -> None:
        """Stores a content under its key, whole or not at all; again is as good as once."""
        attributes: Attributes | None = None
        if self._keeps_attributes:
            attributes = {"Content-Type": key.content_type, "Cache-Control": _FOR_EVER}
        try:
            async with self._bounded():
                await self._objects.put_async(str(key), content, attributes=attributes, use_multipart=False)
        except FileNotFoundError as error:  # no such bucket
            raise Unavailable(_AWAY) from error

    async def size(self, key: MediaKey) -> int | None:
        """The bytes that are stored under a key; None when nothing is."""
        try:
            async with self._bounded():
                return (await self._objects.head_async(str(key)))["size"]
        except FileNotFoundError:
            return None

    async def exists(self, key: MediaKey) -> bool:
        """Whether something is stored under a key."""
        return await self.size(key) is not None

    async def open(self, key: MediaKey) -> StoredPicture | None:
        """What is stored under a key, to be streamed; None when nothing is."""
        try:
            async with self._bounded():
                found = await self._objects.get_async(str(key))
        except FileNotFoundError:
            return None
        return StoredPicture(found.meta["size"], self._read(aiter(found.stream(_CHUNK))))

    async def delete(self, key: MediaKey) -> None:
        """Removes a picture; one that is not there is as good as removed."""
        try:
            async with self._bounded():
                await self._objects.delete_async(str(key))
        except FileNotFoundError:
            return

    async def _read(self, chunks: "BytesStream") -> AsyncIterator[bytes]:
        while True:
            async with self._bounded():
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
            yield bytes(chunk)

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:  # a TimeoutError is an OSError
            raise Unavailable(_AWAY) from error


def open_store(location: Folder | Bucket, *, seconds: float = 5.0) -> MediaStore:
    """The store at a location; a folder is made where it is missing, a bucket is not asked yet.

    Raises Unavailable for a folder that cannot be made.
    """
    if isinstance(location, Bucket):
        return MediaStore(_open_bucket(location, seconds), seconds=seconds)
    try:
        return MediaStore(LocalStore(location.path, mkdir=True), seconds=seconds)
    except (BaseError, OSError) as error:
        raise Unavailable("The folder for pictures cannot be made.") from error


def _open_bucket(bucket: Bucket, seconds: float) -> S3Store:
    """Everything is said: what is left out, obstore takes from the AWS_… variables of the environment."""

    def credentials() -> "S3Credential":
        return {"access_key_id": bucket.key_id, "secret_access_key": bucket.secret, "expires_at": None}

    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        region=bucket.region,
        endpoint=bucket.address,
        aws_endpoint_url_s3=bucket.address,
        virtual_hosted_style_request=bucket.has_own_host,
        skip_signature=False,
        unsigned_payload=False,
        request_payer=False,
        s3_express=False,
        disable_bulk_delete=True,  # Alibaba OSS has none
        credential_provider=credentials,
        client_options={
            "allow_http": bucket.endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=seconds),
            "timeout": timedelta(seconds=seconds),
        },
        retry_config={
            "max_retries": _RETRIES,
            "retry_timeout": timedelta(seconds=seconds),
            "backoff": {"max_backoff": _LONGEST_PAUSE},
        },
    )
