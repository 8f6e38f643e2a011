"""What development makes for itself, once: secrets in an ignored folder, and settings that point at the sandbox."""

import os
from base64 import urlsafe_b64encode
from pathlib import Path

FOLDER = Path(".appletql")
_KEY_BYTES = 32


def own_secret_key(folder: Path = FOLDER) -> str:
    """The Fernet key of this checkout, drawn at the first call and readable by its owner alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "secret_key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    key = urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key + "\n")
    return key


def sandbox_state_file(database_url: str) -> Path:
    """Where the sandbox keeps its people: beside a SQLite database, else in this folder."""
    if database_url.startswith("sqlite://"):
        path = database_url.removeprefix("sqlite://").partition("?")[0]
        return Path(f"{path}.sandbox.json")
    return Path("appletql.sandbox.json")
