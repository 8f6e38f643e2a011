"""The product's own audit, as the tests run it after everything that they did."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from models.database import open_database
from models.unit_of_work import UnitsOfWork
from services.payments.auditing import Auditing


@contextmanager
def silent(_step: str, _total: int) -> Iterator[Callable[[int], None]]:
    """Progress that nobody sees."""

    def advance(_count: int) -> None:
        """Nothing."""

    yield advance


async def audited(units: UnitsOfWork) -> list[tuple[str, str]]:
    """Everything that disagrees: about which order, user or product, and what."""
    return [(it.subject, it.said) async for it in Auditing(units, pause=0).run(silent)]


async def assert_sound(database_url: str) -> None:
    """Nothing disagrees, in a database that is opened for it: Tortoise speaks to all as to the one opened last."""
    async with open_database(database_url, pool_size=2) as units:
        found = await audited(units)
    assert found == [], found
