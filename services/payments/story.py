"""Writes the story of an order: each call to WeChat Pay and how it ended, beside the work and never in its way."""

from datetime import datetime

from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.stories import Told
from models.orders import Order
from models.payments import Refund
from models.stories import OrderEvent
from models.unit_of_work import UnitsOfWork
from services.background import Background

_LONGEST = 200


class Story:
    """Writes in the background; what cannot be written is told in the log and lost, and so is what a kill prevents.

    A line that says the same as the one before it is left out. A call has its line once it has ended.
    """

    def __init__(self, units: UnitsOfWork, background: Background, clock: Clock) -> None:
        self._units = units
        self._background = background
        self._clock = clock

    def of_order(self, number: str, what: Told, detail: str) -> None:
        """About the order of this trade number."""
        self._background.begin("story", self._units.run(_of_order, number, what, detail, self._clock()))

    def of_refund(self, number: str, what: Told, detail: str) -> None:
        """About the order of the refund of this number."""
        self._background.begin("story", self._units.run(_of_refund, number, what, detail, self._clock()))


async def _of_order(number: str, what: Told, detail: str, at: datetime) -> None:
    order = await Order.filter(number=number).first()
    if order is not None:
        await _write(order.id, what, detail, at)


async def _of_refund(number: str, what: Told, detail: str, at: datetime) -> None:
    refund = await Refund.filter(number=number).first()
    if refund is not None:
        await _write(refund.order_id, what, f"{number}: {detail}", at)


async def _write(order_id: str, what: Told, detail: str, at: datetime) -> None:
    """Nothing where the last line says the same: an order may be asked about for as long as it is open."""
    line = detail[:_LONGEST]
    last = await OrderEvent.filter(order_id=order_id).order_by("-id").first()
    if last is None or (last.what, last.detail) != (what, line):
        _ = await OrderEvent.create(id=new_id(Prefix.EVENT, at), order_id=order_id, what=what, detail=line, at=at)
