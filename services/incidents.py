"""Telling the operator: an incident is a row that stays until it is resolved, and an ERROR event in the log."""

import logging
from datetime import datetime

from domain.ids import Prefix, new_id
from domain.incidents import IncidentKind
from models.incidents import Incident

logger = logging.getLogger(__name__)


async def record(kind: IncidentKind, subject: str, now: datetime, reference: str = "") -> None:
    """Records an incident once for a kind, subject and reference; to be called inside a unit of work.

    `subject` is the id of a row; nothing personal goes into `reference`.
    """
    _, is_new = await Incident.get_or_create(
        {"id": new_id(Prefix.INCIDENT, now), "created_at": now}, kind=kind, subject=subject, reference=reference
    )
    if is_new:
        logger.error("incident", extra={"kind": str(kind), "subject": subject})
