"""What development makes for itself, once: secrets in an ignored folder, and settings that point at the sandbox."""

import json
import os
import shlex
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

from server.settings import PREFIX


class SandboxMerchant(Protocol):
    """What the sandbox says of its merchant account; the sandbox itself is imported by the commands alone."""

    @property
    def mchid(self) -> str:
        """The merchant number."""

    @property
    def serial(self) -> str:
        """The serial of the merchant's API certificate."""

    @property
    def private_key_pem(self) -> str:
        """The key of that certificate."""

    @property
    def apiv3_key(self) -> str:
        """What notifications are sealed with."""

    @property
    def public_key_id(self) -> str:
        """The name of WeChat Pay's public key."""

    @property
    def public_key_pem(self) -> str:
        """WeChat Pay's public key."""


FOLDER = Path(".appletql")
_KEY_BYTES = 32


def own_secret_key(folder: Path = FOLDER) -> str:
    """The Fernet key of this checkout, drawn at the first call and readable by its owner alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "secret_key"
    if not path.exists():
        _draw(path)
    return path.read_text(encoding="ascii").strip()


def keep_merchant(merchant: "SandboxMerchant", folder: Path = FOLDER) -> dict[str, Any]:
    """The settings of the sandbox's merchant account, its keys in files that its owner alone reads."""
    folder.mkdir(mode=0o700, exist_ok=True)
    files = {"apiclient_key.pem": merchant.private_key_pem, "pub_key.pem": merchant.public_key_pem}
    for name, content in files.items():
        _replace(folder / name, content)
    return {
        "mchid": merchant.mchid,
        "mch_serial": merchant.serial,
        "mch_key_file": folder / "apiclient_key.pem",
        "apiv3_key": merchant.apiv3_key,
        "pay_public_key_id": merchant.public_key_id,
        "pay_public_key_file": folder / "pub_key.pem",
    }


def keep_environment(given: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Settings, by field name, as a file that a shell sources: other commands then reach what `appletql dev` runs."""
    path = folder / "env"
    named = {f"{PREFIX}{name.upper()}": _written(value) for name, value in given.items() if value is not None}
    _replace(path, "".join(f"export {name}={shlex.quote(text)}\n" for name, text in named.items()))
    return path


def _written(value: object) -> str:
    if isinstance(value, Path):
        return str(value.resolve())
    return json.dumps(value) if isinstance(value, list) else str(value)


def _replace(path: Path, content: str) -> None:
    """Written beside and moved when it is whole."""
    with NamedTemporaryFile("w", dir=path.parent, encoding="ascii", delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)


def _draw(path: Path) -> None:
    """Written beside and linked when it is whole: of several processes the first one's stays, and none reads a part."""
    with NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as file:
        file.write(urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode() + "\n")
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)


def sandbox_state_file(database_url: str) -> Path:
    """Where the sandbox keeps its people: beside a SQLite database, else in this folder."""
    if database_url.startswith("sqlite://"):
        path = database_url.removeprefix("sqlite://").partition("?")[0]
        return Path(f"{path}.sandbox.json")
    return Path("appletql.sandbox.json")
