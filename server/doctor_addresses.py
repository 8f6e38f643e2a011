"""What DATABASE_URL names, told without its password, and why it cannot be opened; nothing here opens it."""

import errno
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.problems import Unavailable
from models.database import is_sqlite, tortoise_config
from server.doctor_findings import Finding, fault
from server.settings import PREFIX

DATABASE = "database"
URL = f"{PREFIX}DATABASE_URL"

_SQLITE_HEADER = b"SQLite format 3\0"
_JOURNAL_BYTE, _WAL = 18, 2  # where the header says how the file is journalled
_BEHIND_HOST = re.compile(r"://[^/?#]*[/?#].*@")
_CORRECT = f"Correct {URL}; in its password, write / ? # @ : [ ] and % as %2F %3F %23 %40 %3A %5B %5D and %25."

_BY_SQLSTATE = {
    "28P01": ("the user or the password is refused", _CORRECT),
    "28000": ("this user is not let in from here", f"Look at the user in {URL} and at the server's pg_hba.conf."),
    "3D000": ("there is no database of this name", f"Create it (createdb), or correct the name at the end of {URL}."),
    "53300": ("no connection is left", f"Raise max_connections there, or lower {PREFIX}DATABASE_POOL_SIZE."),
    "57P03": ("it is starting or stopping", "Run appletql doctor again in a moment."),
}
_REFUSED = ("nothing listens there", f"Start PostgreSQL, or correct host and port in {URL}.")
_NO_HOST = ("DNS does not know the host", _CORRECT)
_NO_ANSWER = ("no answer in time", f"Look at the host in {URL}, at the firewall, and whether it is overloaded.")
_BAD_OPTION = (
    "the options are not understood",
    f"Correct what stands after the ? in {URL}: PostgreSQL's options are asyncpg's, and libpq's sslmode.",
)


@dataclass(frozen=True)
class Place:
    """`name` is fit to be shown. `file` is SQLite's; `url` opens it without changing how it is journalled."""

    name: str
    url: str
    file: Path | None = None


def find_place(url: str) -> Place:
    """Reads the address as the database layer does; raises what that raises, whose text may hold a password."""
    (connection,) = tortoise_config(url)["connections"].values()
    credentials = connection["credentials"]
    if is_sqlite(url):
        file = Path(credentials["file_path"])
        return Place(f"SQLite, {file}", _journalled_as_before(url, file), file)
    if _BEHIND_HOST.search(url):
        return Place("PostgreSQL", url)  # a password with a / or # in it: its pieces stand where the name should be
    return Place(f"PostgreSQL at {credentials['host']}, database {credentials['database']}", url)


def unusable_address(error: Exception) -> Finding:
    """An address whose options cannot be read, all else is looked at by the settings; only the error's kind is told."""
    return fault(DATABASE, f"the options in {URL} cannot be read ({type(error).__name__})", _BAD_OPTION[1])


def unusable_file(file: Path) -> Finding | None:
    """Why SQLite could not use the file, found without opening it: a missing one would be made."""
    if str(file) == ":memory:":
        return fault(DATABASE, "SQLite in memory ends with the process, migrations too", f"Name a file in {URL}.")
    return _unusable_folder(file.parent) or _not_migrated(file) or _unusable_content(file)


def _unusable_folder(folder: Path) -> Finding | None:
    if not folder.is_dir():
        return fault(DATABASE, f"{folder} is no folder", f"Make it, or correct {URL}.")
    if not os.access(folder, os.W_OK | os.X_OK):
        return fault(DATABASE, f"{folder} cannot be written to", "Give it to the user who runs the server (chown).")
    return None


def _not_migrated(file: Path) -> Finding | None:
    if not file.exists():
        return fault(DATABASE, f"{file} does not exist yet", "Run appletql migrate.")
    if file.is_file() and file.stat().st_size == 0:
        return fault(DATABASE, f"{file} is empty", "Run appletql migrate.")
    return None


def _unusable_content(file: Path) -> Finding | None:
    if not file.is_file() or not os.access(file, os.R_OK | os.W_OK):
        return fault(DATABASE, f"{file} cannot be written to", f"Look at its owner and rights, or correct {URL}.")
    if not _header(file).startswith(_SQLITE_HEADER):
        return fault(DATABASE, f"{file} is no SQLite database", f"Correct {URL}, or move that file away.")
    return None


def unreachable(place: Place, error: Exception) -> Finding:
    """Why opening failed. The driver's errors are known by their SQLSTATE; their texts may hold values."""
    if place.file is not None:
        return fault(
            DATABASE,
            f"{place.file} cannot be used",
            "Look whether another program holds it locked; if it is damaged, use a backup.",
        )
    causes = list(_causes(error))
    found, advice = next((told for cause in causes if (told := _explain(cause))), _unexplained(causes[-1]))
    return fault(DATABASE, f"{place.name}: {found}", advice)


def _explain(error: BaseException) -> tuple[str, str] | None:
    known = _BY_SQLSTATE.get(getattr(error, "sqlstate", None) or "")
    if known:
        return known
    if isinstance(error, ConnectionRefusedError | FileNotFoundError) or _says_refused(error):
        return _REFUSED
    if isinstance(error, socket.gaierror):
        return _NO_HOST
    return _BAD_OPTION if isinstance(error, TypeError | ValueError) else None


def _unexplained(error: BaseException) -> tuple[str, str]:
    """Unavailable without a cause is a wait that came to its end."""
    if isinstance(error, TimeoutError | Unavailable):
        return _NO_ANSWER
    return f"it cannot be used ({type(error).__name__})", "Look into PostgreSQL's own log."


def _says_refused(error: BaseException) -> bool:
    """A host with several addresses, as localhost, has its refusals in the text of one error."""
    return isinstance(error, OSError) and f"[Errno {errno.ECONNREFUSED}]" in str(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _journalled_as_before(url: str, file: Path) -> str:
    """Opening would switch a file to write-ahead logging, and that for good; a restored backup may not be in it."""
    header = _header(file) if file.is_file() and os.access(file, os.R_OK) else b""
    if len(header) <= _JOURNAL_BYTE or header[_JOURNAL_BYTE] == _WAL:
        return url
    return f"{url}{'&' if '?' in url else '?'}journal_mode=DELETE"


def _header(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_JOURNAL_BYTE + 1)
