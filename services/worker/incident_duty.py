"""What the worker does about an incident: the operator's webhook hears of it, once, where there is one."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from domain.clock import Clock
from models.incidents import Incident
from models.unit_of_work import UnitsOfWork

_AGAIN = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Alert:
    """What a webhook is sent; `text` is a line for people, as chat systems show it."""

    id: str
    kind: str
    subject: str
    reference: str
    at: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """The body of the POST; `msgtype` and the nested text are what WeCom's group robots read."""
        return {**asdict(self), "msgtype": "text", "text": {"content": self.text}}


class Teller(Protocol):
    """Whoever can be told."""

    async def tell(self, alert: Alert) -> bool:
        """Whether it was taken."""


class IncidentDuty:
    """Tells of one incident."""

    def __init__(self, units: UnitsOfWork, teller: Teller | None, clock: Clock) -> None:
        self._units = units
        self._teller = teller
        self._clock = clock

    async def do(self, incident_id: str) -> None:
        """Raises Unavailable when the database does not answer."""
        incident = await self._units.read(_get, incident_id)
        if self._teller is None or incident.alerted_at is not None:
            await self._units.run(_end, incident_id, None)
        elif await self._teller.tell(_alert(incident)):
            await self._units.run(_end, incident_id, self._clock())
        else:
            now = self._clock()
            wait = min(max(_AGAIN, (now - incident.created_at) / 4), _LONGEST)
            await self._units.run(_again, incident_id, now + wait)


def _alert(incident: Incident) -> Alert:
    return Alert(
        id=incident.id,
        kind=incident.kind,
        subject=incident.subject,
        reference=incident.reference,
        at=incident.created_at.astimezone(UTC).isoformat(timespec="seconds"),
        text=f"AppletQL incident {incident.kind}: {incident.subject} (appletql incidents show {incident.id})",
    )


async def _get(incident_id: str) -> Incident:
    return await Incident.get(id=incident_id)


async def _end(incident_id: str, alerted_at: datetime | None) -> None:
    told = {} if alerted_at is None else {"alerted_at": alerted_at}
    _ = await Incident.filter(id=incident_id).update(due_at=None, **told)


async def _again(incident_id: str, moment: datetime) -> None:
    _ = await Incident.filter(id=incident_id).update(due_at=moment)
