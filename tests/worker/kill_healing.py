"""After the end of a server and a worker: how their books come right again."""

from pathlib import Path

from models.unit_of_work import UnitsOfWork
from server.settings import Settings
from server.wiring import open_services
from tests.worker.children import child
from tests.worker.kill_books import unsettled
from tests.worker.kill_ground import ready
from tests.worker.kill_load import Shoppers

_STEP, _MOST_STEPS = 100, 30


async def heal(folder: Path, settings: Settings, shoppers: Shoppers, units: UnitsOfWork) -> None:
    """The server again, the same wishes again, and the worker's sweeps."""
    async with child(folder, settings, "serve") as serving:
        await ready(shoppers.server, "/readyz", serving)
        await shoppers.finish()
        await heal_alone(settings, shoppers, units)


async def heal_alone(settings: Settings, shoppers: Shoppers, units: UnitsOfWork) -> None:
    """A worker that knows only the database, and time, until nothing is open any more. Raises AssertionError.

    Without a server nobody asks for anything again, and no notice arrives.
    """
    async with open_services(settings) as sweeper:
        for _ in range(_MOST_STEPS):
            _ = await shoppers.control("clock", {"advance": _STEP})
            _ = await shoppers.control("notifications/wait", {"seconds": 30})
            _ = await sweeper.workshift.sweep()
            if not await units.read(unsettled):
                _ = await shoppers.control("notifications/wait", {"seconds": 30})
                return
    raise AssertionError("orders or refunds are still open after all this time")
