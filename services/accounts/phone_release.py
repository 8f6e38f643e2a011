"""Releasing a phone number by hand: carriers give numbers to other people, and the old holder may be gone."""

import logging
import re

from domain.problems import InputIssue, InvalidInput
from models.accounts import Phone
from models.unit_of_work import RacedError, UnitsOfWork
from services.keyed_hashes import KeyedHashes

_SEPARATORS = re.compile(r"[\s().-]")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_MAINLAND = re.compile(r"(?:86)?(1[0-9]{10})")

logger = logging.getLogger(__name__)


class PhoneRelease:
    """Takes a number from whoever holds it; raises Unavailable when the database does not answer."""

    def __init__(self, units: UnitsOfWork, hashes: KeyedHashes) -> None:
        self._units = units
        self._hashes = hashes

    async def free(self, number: str) -> str | None:
        """The id of the user who held the number, or None when nobody did; raises InvalidInput."""
        blind_index = await self._hashes.phone(as_e164(number))
        user_id = await self._units.run_again_if_raced(_free, blind_index)
        if user_id is not None:
            logger.warning("phone number released by an operator", extra={"user": user_id})
        return user_id


def as_e164(number: str) -> str:
    """A number as people write it, in E.164: with + or 00 and a country code, or one of mainland China without.

    Raises InvalidInput.
    """
    digits = re.sub(r"^00", "+", _SEPARATORS.sub("", number))
    if _E164.fullmatch(digits):
        return digits
    if mainland := _MAINLAND.fullmatch(digits):
        return f"+86{mainland[1]}"
    raise InvalidInput(
        [InputIssue("number", "must begin with + and the country code, or be the 11 digits of a mainland mobile")]
    )


async def _free(blind_index: str) -> str | None:
    phone = await Phone.filter(blind_index=blind_index).first()
    if phone is None:
        return None
    if not await Phone.filter(id=phone.id, user_id=phone.user_id).delete():
        raise RacedError
    return phone.user_id
