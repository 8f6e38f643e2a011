"""Who first came through a share: noted with the first sign-in, once for a person, and never taken back."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from domain.ids import Prefix, new_id
from models.accounts import User
from models.sharing import Attribution, Share

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """A person at the door with a share code. `person` is a keyed hash, which is kept when an account is deleted."""

    code: str
    person: str = field(repr=False)


async def attribute(newcomer: User, arrival: Arrival, now: datetime) -> None:
    """Notes, inside the unit that made the user, through which share they came; nothing for an unknown code.

    Whoever comes again after deleting an account is not counted again. Two first sign-ins of one person at once meet
    the constraint on the identity.
    """
    share = await Share.filter(code=arrival.code, user__deleted_at=None).first()
    if share is None or await Attribution.filter(person=arrival.person).exists():
        return
    attribution = await Attribution.create(
        id=new_id(Prefix.ATTRIBUTION, now), share=share, user=newcomer, person=arrival.person, created_at=now
    )
    logger.debug("newcomer attributed", extra={"attribution": attribution.id})
