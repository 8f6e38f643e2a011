"""Doctor's look at the database: reachable, migrated, and its sealed values open. It never makes or changes one."""

from models.accounts import Identity
from models.connections import max_connections
from models.database import open_database
from models.encryption import Cipher, UnreadableError
from models.migrator import pending_migrations
from models.unit_of_work import UnitsOfWork
from server.doctor_addresses import DATABASE, Place, find_place, unreachable, unusable_address, unusable_file
from server.doctor_findings import Finding, fault, fine, skipped, warning
from server.settings import PREFIX, Settings

POOL, MIGRATIONS, STORED = "connections", "migrations", "stored session_keys"
_KEYS = f"{PREFIX}SECRET_KEYS"
_CONNECTIONS = 2
_PEOPLE = 50  # of the oldest, and as many of the newest
_LISTED = 3


async def check_database(settings: Settings, *, keys_are_usable: bool) -> list[Finding]:
    """One finding for each check, that of connections on PostgreSQL alone; what cannot be checked is skipped."""
    try:
        place = find_place(settings.database_url.get_secret_value())
    except Exception as error:  # noqa: BLE001  (whatever the database layer makes of a wrong address)
        return _with_skipped([unusable_address(error)])
    if place.file is not None and (found := unusable_file(place.file)):
        return _with_skipped([found])
    return _with_skipped(await _opened(place, settings, _cipher(settings) if keys_are_usable else None))


async def _opened(place: Place, settings: Settings, cipher: Cipher | None) -> list[Finding]:
    findings = []
    try:
        async with open_database(place.url, pool_size=_CONNECTIONS) as units:
            findings.append(fine(DATABASE, place.name))
            if place.file is None:
                findings.append(_pool(settings.database_pool_size, await max_connections(units)))
            findings.append(_migrations(await pending_migrations(units)))
            if findings[-1].advice:
                return [*findings, skipped(STORED, "the database is not migrated")]
            findings.append(await _stored(units, cipher))
    except Exception as error:  # noqa: BLE001  (drivers raise what they like, and their texts hold values)
        return [unreachable(place, error)]
    return findings


def _with_skipped(findings: list[Finding]) -> list[Finding]:
    done = {finding.check for finding in findings}
    missing = [check for check in (MIGRATIONS, STORED) if check not in done]
    return [*findings, *(skipped(check, "the database cannot be used") for check in missing)]


def _pool(size: int, most: int) -> Finding:
    found = f"up to {size} for each process, of {most} that PostgreSQL gives to all its clients"
    if size <= most:
        return fine(POOL, found)
    advice = f"Lower {PREFIX}DATABASE_POOL_SIZE, or raise max_connections: each server and worker takes as many."
    return warning(POOL, found, advice)


def _migrations(pending: list[str]) -> Finding:
    if not pending:
        return fine(MIGRATIONS, "all applied")
    names = ", ".join(pending[:_LISTED]) + (", …" if len(pending) > _LISTED else "")
    return fault(MIGRATIONS, f"{len(pending)} pending: {names}", "Run appletql migrate.")


def _cipher(settings: Settings) -> Cipher:
    return Cipher([key.get_secret_value() for key in settings.secret_keys])


async def _stored(units: UnitsOfWork, cipher: Cipher | None) -> Finding:
    """Tries the oldest, which a key that was dropped may have sealed, and the newest."""
    if cipher is None:
        return skipped(STORED, f"{_KEYS} cannot be used")
    stored = {*await units.read(_sealed, "id"), *await units.read(_sealed, "-id")}
    unreadable = sum(not _opens(cipher, sealed) for sealed in stored)
    if unreadable:
        return fault(
            STORED,
            f"{unreadable} of {len(stored)} that were tried are opened by no key of {_KEYS}",
            f"A key was dropped too early: put it back, as the last one of {_KEYS}. The first seals, all of them open.",
        )
    return fine(STORED, f"{len(stored)} tried, all open" if stored else "none yet")


async def _sealed(order: str) -> list[str]:
    people = await Identity.all().order_by(order).limit(_PEOPLE)
    return [person.session_key for person in people]


def _opens(cipher: Cipher, sealed: str) -> bool:
    try:
        cipher.open(sealed)
    except UnreadableError:
        return False
    return True
