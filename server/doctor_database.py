"""Doctor's look at the database: reachable, migrated, and its sealed values open. It never makes or changes one."""

from models.accounts import Identity
from models.database import open_database
from models.encryption import Cipher, UnreadableError
from models.migrator import pending_migrations
from models.unit_of_work import UnitsOfWork
from server.doctor_addresses import Place, place_of
from server.doctor_findings import Finding, fault, fine, skipped
from server.doctor_unreachable import explain
from server.settings import PREFIX, Settings

DATABASE, MIGRATIONS, STORED = "database", "migrations", "stored values"
_URL = f"{PREFIX}DATABASE_URL"
_KEYS = f"{PREFIX}SECRET_KEYS"
_CONNECTIONS = 2
_ROWS = 50  # of the oldest and of the newest people


async def check_database(settings: Settings, *, keys_are_usable: bool) -> list[Finding]:
    """A finding for each of the three checks; what cannot be checked is skipped."""
