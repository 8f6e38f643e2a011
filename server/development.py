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

from server.settings import PREFIX, Settings, SettingsError, read_part, read_settings


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
ADDRESS = "127.0.0.1"
OWN = (
    "environment",
    *("host", "port", "public_url"),
    *("wechat_api_url", "appid", "appsecret", "apps"),
    *("pay_api_url", "mchid", "mch_serial", "mch_key_file", "apiv3_key", "pay_public_key_id", "pay_public_key_file"),
)
"""The settings that `appletql dev` makes for itself; every other one is the environment's."""
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


def own_address(port: int) -> dict[str, Any]:
    """The settings of a server on this port of this machine: a public address would be another server's."""
    return {"host": ADDRESS, "port": port, "public_url": f"http://{ADDRESS}:{port}"}


def kept_settings() -> Settings:
    """The environment's settings; those that development makes for itself may have any fault. Raises SettingsError."""
    return read_part(*(name for name in Settings.model_fields if name not in OWN))


def passed_over(used: Settings) -> list[str]:
    """The environment's settings in whose place `used` has its own, by their variables' names."""
    try:
        found, faulty = read_settings(), set()
    except SettingsError as error:
        found, faulty = kept_settings(), {fault.setting.partition("[")[0].partition(".")[0] for fault in error.faults}
    names = [f"{PREFIX}{name.upper()}" for name in OWN]
    differ = {
        variable
        for name, variable in zip(OWN, names, strict=True)
        if name in found.model_fields_set and _whole(getattr(found, name)) != _whole(getattr(used, name))
    }
    return [variable for variable in names if variable in differ | faulty]


def _whole(value: object) -> object:
    return value.resolve() if isinstance(value, Path) else value


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
