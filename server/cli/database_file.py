"""Looking for a SQLite file before it is opened: SQLite makes what is missing, and a command would leave it behind."""

from pathlib import Path

from domain.problems import Unavailable
from models.database import is_sqlite, tortoise_config
from server.settings import Settings


def check_is_there(settings: Settings) -> None:
    """Raises Unavailable where the file is missing from a folder that is there; nothing for other databases."""
    url = settings.database_url.get_secret_value()
    if not is_sqlite(url):
        return
    path = Path(tortoise_config(url)["connections"]["sqlite"]["credentials"]["file_path"])
    if path.exists() or path.name == ":memory:" or not path.parent.is_dir():
        return
    if path.is_absolute():
        raise Unavailable("the database is not migrated; run appletql migrate")
    raise Unavailable(f"there is no database {path} here: change to its folder, or make it with appletql migrate")
