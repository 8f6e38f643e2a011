"""Looking at incidents, for the operator: which ones wait, and which order each is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.expressions import Q

from domain.ids import Prefix, is_id
from models.incidents import Incident
from models.orders import Order
from models.payments import Payment, Refund
from models.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class IncidentReading:
    """Finds incidents; raises Unavailable when the database does not answer."""

    units: UnitsOfWork

    async def all(self, *, open_only: bool) -> Sequence[Incident]:
        """The oldest first."""
        return await self.units.read(_all, open_only)

    async def one(self, incident_id: str) -> tuple[Incident, Order | None] | None:
        """The incident and the order that it is about, where there is one."""
        return await self.units.read(_one, incident_id) if is_id(Prefix.INCIDENT, incident_id) else None


async def _all(open_only: bool) -> Sequence[Incident]:
    return await Incident.filter(Q(resolved_at=None) if open_only else Q()).order_by("id")


async def _one(incident_id: str) -> tuple[Incident, Order | None] | None:
    incident = await Incident.filter(id=incident_id).first()
    return None if incident is None else (incident, await _order_of(incident.subject))


async def _order_of(subject: str) -> Order | None:
    """Subjects are ids of orders, numbers of refunds, of which ours are their ids, and transactions of WeChat's."""
    if is_id(Prefix.ORDER, subject):
        return await Order.filter(id=subject).first()
    refund = await Refund.filter(number=subject).select_related("order").first()
    payment = None if refund else await Payment.filter(transaction_id=subject).select_related("order").first()
    known = refund or payment
    return known.order if known else None
