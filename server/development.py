"""What development makes for itself, once: secrets in an ignored folder, and settings that point at the sandbox."""

import os
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

FOLDER = Path(".appletql")
_KEY_BYTES = 32


def own_secret_key(folder: Path = FOLDER) -> str:
    """The Fernet key of this checkout, drawn at the first call and readable by its owner alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "secret_key"
    if not path.exists():
        _draw(path)
    return path.read_text(encoding="ascii").strip()


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
