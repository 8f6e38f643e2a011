"""Telling the operator: an incident is a row that stays until it is resolved, and an ERROR event in the log."""

import logging
from datetime import datetime

from tortoise.functions import Count

from domain.ids import Prefix, new_id
from domain.incidents import IncidentKind
from domain.jobs import CHINA
from models.incidents import Incident

logger = logging.getLogger(__name__)


def china_day(now: datetime) -> str:
    """As a reference, for what is to be told again every day that it lasts."""
    return now.astimezone(CHINA).date().isoformat()


async def open_incidents() -> list[tuple[str, int]]:
    """How many wait for the operator, by kind; one statement."""
    waiting = Incident.filter(resolved_at=None).annotate(number=Count("id")).group_by("kind")
    return [(str(kind), int(number)) for kind, number in await waiting.values_list("kind", "number")]


async def record_again(kind: IncidentKind, subject: str, now: datetime, reference: str = "") -> None:
    """As `record`, for what lasts or comes back: nothing while one waits for the operator, anew once it is resolved."""
    told = Incident.filter(kind=kind, subject=subject, reference__startswith=reference)
    earlier = await told.values_list("resolved_at", flat=True)
    if None not in earlier:
        await record(kind, subject, now, f"{reference} {len(earlier) + 1}".strip() if earlier else reference)


async def record(kind: IncidentKind, subject: str, now: datetime, reference: str = "") -> None:
    """Records an incident once for a kind, subject and reference, inside a unit that is run again if raced.

    `subject` is the id of a row; nothing personal goes into `reference`. Two that record the same at once meet the
    unique constraint.
    """
    if await Incident.filter(kind=kind, subject=subject, reference=reference).exists():
        return
    incident = await Incident.create(
        id=new_id(Prefix.INCIDENT, now), kind=kind, subject=subject, reference=reference, created_at=now, due_at=now
    )
    logger.error("incident", extra={"kind": str(kind), "subject": subject, "incident": incident.id})
