"""Days in China that go by in a shop, and reconciling one of them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from domain.jobs import CHINA
from models.incidents import Incident
from models.reconciliations import Reconciliation
from services.reconciliation.differences import Difference
from services.reconciliation.reconciling import Reconciling
from tests.shop import Shop
from tests.world import World

TRADE_BILL = "/v3/bill/tradebill"
DOWNLOAD = "/v3/billdownload/file"


def now(shop: World) -> datetime:
    """The moved time."""
    return datetime.fromtimestamp(shop.sandbox.wechat.clock.now(), UTC)


def today(shop: World) -> date:
    return now(shop).astimezone(CHINA).date()


async def to(shop: Shop, day: date, at: time) -> None:
    """Moves the sandbox's clock there, and the server's after it."""
    moment = datetime.combine(day, at, CHINA)
    await shop.advance((moment - now(shop)).total_seconds())
    clock = shop.application.process.sandbox_clock
    assert clock is not None
    await clock.follow()


async def to_noon(shop: Shop) -> None:
    """Of today or, where that is over, tomorrow: no test meets midnight unless it wants to."""
    here = now(shop).astimezone(CHINA)
    await to(shop, here.date() + timedelta(days=here.time() >= time(12)), time(12))


async def next_morning(shop: Shop) -> date:
    """Goes to ten o'clock of the next day; the day that is over."""
    day = today(shop)
    await to(shop, day + timedelta(days=1), time(10))
    return day


@dataclass
class Run:
    """What came of a run: its row, and everything that it told."""

    row: Reconciliation
    told: list[Difference]
    begun: list[int]
    steps: list[int]

    @property
    def sorts(self) -> list[tuple[str, bool]]:
        """Each difference's sort and whether it was repaired, sorted."""
        return sorted((each.sort.value, each.repaired) for each in self.told)


@dataclass
class Pauses:
    """A sleep that takes no time."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def reconciling(shop: World, pauses: Pauses | None = None, **given: Any) -> Reconciling:
    orders = shop.application.process.orders

    def clock() -> datetime:
        return now(shop)

    return Reconciling(
        shop.units,
        orders.access,
        orders.settling,
        orders.refund_settling,
        clock,
        appids=shop.appids,
        sleep=pauses or Pauses(),
        **given,
    )


async def reconcile(shop: World, day: date, **given: Any) -> Run:
    told: list[Difference] = []
    begun: list[int] = []
    steps: list[int] = []
    row = await reconciling(shop, **given).run(day, steps.append, begin=begun.append, tell=told.append)
    return Run(row, told, begun, steps)


async def plant(shop: Shop, *faults: dict[str, Any]) -> None:
    await shop.order("bill-faults", {"faults": list(faults)}, "PUT")


async def bill_incidents(shop: Shop) -> list[tuple[str, str, str]]:
    """Kind, subject and reference of those about bills."""

    async def found() -> list[tuple[str, str, str]]:
        rows = await Incident.filter(kind__startswith="bill").order_by("kind", "subject", "reference")
        return [(each.kind, each.subject, each.reference) for each in rows]

    return await shop.read(found)


async def runs(shop: Shop) -> int:
    """How many came to their end."""
    return await shop.read(lambda: Reconciliation.filter(outcome="compared").count())
