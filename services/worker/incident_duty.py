"""What the worker does about an incident: the operator's webhook hears of it, once, where there is one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from domain.clock import Clock
from domain.incidents import meaning_of
from models.incidents import Incident
from models.unit_of_work import UnitsOfWork

_AGAIN = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Alert:
    """What a webhook is sent; ids and words alone, nothing personal. `created_at` as in `2026-11-20T10:05:00Z`."""

    id: str
    kind: str
    meaning: str
    subject: str
    reference: str
    created_at: str

    def to_json(self) -> dict[str, Any]:
        """The body of the POST; `msgtype` and `text` are what the robots of WeCom's group chats read.

        https://developer.work.weixin.qq.com/document/path/91770
        """
        lines = (f"AppletQL incident {self.kind}", self.meaning, f"{self.subject} {self.reference}".strip())
        content = "\n".join([*lines, f"appletql incidents show {self.id}"])
        return {
            "id": self.id,
            "kind": self.kind,
            "meaning": self.meaning,
            "subject": self.subject,
            "reference": self.reference,
            "createdAt": self.created_at,
            "msgtype": "text",
            "text": {"content": content},
        }


class Teller(Protocol):
    """Whoever can be told."""

    async def tell(self, alert: Alert) -> bool:
        """Whether it was taken."""


class IncidentDuty:
    """Tells of one incident; one that is resolved by then is told to nobody."""

    def __init__(self, units: UnitsOfWork, teller: Teller | None, clock: Clock) -> None:
        self._units = units
        self._teller = teller
        self._clock = clock

    async def do(self, incident_id: str) -> None:
        """Raises Unavailable when the database does not answer."""
        incident = await self._units.read(_get, incident_id)
        if self._teller is None or incident.alerted_at is not None or incident.resolved_at is not None:
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
        meaning=meaning_of(incident.kind).what,
        subject=incident.subject,
        reference=incident.reference,
        created_at=f"{incident.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )


async def _get(incident_id: str) -> Incident:
    return await Incident.get(id=incident_id)


async def _end(incident_id: str, alerted_at: datetime | None) -> None:
    told = {} if alerted_at is None else {"alerted_at": alerted_at}
    _ = await Incident.filter(id=incident_id).update(due_at=None, **told)


async def _again(incident_id: str, moment: datetime) -> None:
    _ = await Incident.filter(id=incident_id, resolved_at=None).update(due_at=moment)
