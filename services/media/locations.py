"""Where pictures are kept, as it is written in a setting: `file://` and a folder, or `s3://` and a bucket."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

_FOLDER: Final = "file://"
_BUCKET: Final = "s3://"
_BUCKET_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*)?")
_OPTIONS: Final = frozenset(("endpoint", "region", "addressing"))
_HOW_TO: Final = "must be file://FOLDER or s3://KEY_ID:SECRET@BUCKET[/PREFIX]?region=…[&endpoint=https://…]"


@dataclass(frozen=True)
class Folder:
    """A folder of this machine; a relative path counts from where the process was started."""

    path: Path


@dataclass(frozen=True)
class Bucket:
    """A bucket of S3, or of a service that speaks its protocol.

    `endpoint` is the service's address without the bucket. `has_own_host` puts the bucket before the host, which
    Tencent COS and Alibaba OSS ask for; otherwise it is the first part of the path, which MinIO expects.
    """

    name: str
    prefix: str
    region: str
    endpoint: str
    has_own_host: bool
    key_id: str
    secret: str = field(repr=False)

    @property
    def address(self) -> str:
        """The address that requests go to, where the bucket's own host is that."""
        scheme, _, host = self.endpoint.partition("://")
        return f"{scheme}://{self.name}.{host}" if self.has_own_host else self.endpoint


def parse_location(text: str) -> Folder | Bucket:
    """The location in a setting; raises ValueError with a message that quotes nothing of it.

    `file://./media`; `s3://KEY_ID:SECRET@BUCKET/PREFIX?region=ap-guangzhou&endpoint=https://…&addressing=path`, where
    key and secret are percent-encoded. `addressing` is `virtual` (the default) or `path`; without `endpoint` it is AWS.
    """
    if text.startswith(_FOLDER) and (path := text.removeprefix(_FOLDER)):
        return Folder(Path(unquote(path)))
    if not text.startswith(_BUCKET):
        raise ValueError(_HOW_TO)
    try:
        return _bucket(text)
    except (ValueError, KeyError):
        # The errors of urlsplit quote what they refuse, the secret too: they end here.
        raise ValueError(_HOW_TO) from None


def _bucket(text: str) -> Bucket:
    parts = urlsplit(text)
    credentials, _, name = parts.netloc.rpartition("@")
    key_id, _, secret = credentials.partition(":")
    options = {option: values[-1] for option, values in parse_qs(parts.query, strict_parsing=True).items()}
    prefix = parts.path.strip("/")
    region = options["region"]
    endpoint = options.get("endpoint", f"https://s3.{region}.amazonaws.com").rstrip("/")
    addressing = options.get("addressing", "virtual")
    is_sound = (
        key_id
        and secret
        and _BUCKET_NAME.fullmatch(name)
        and _PREFIX.fullmatch(prefix)
        and options.keys() <= _OPTIONS
        and re.fullmatch(r"[a-z0-9-]+", region)
        and re.fullmatch(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?", endpoint)
        and addressing in ("virtual", "path")
        and not parts.fragment
    )
    if not is_sound:
        raise ValueError(_HOW_TO)
    return Bucket(name, prefix, region, endpoint, addressing == "virtual", unquote(key_id), unquote(secret))
