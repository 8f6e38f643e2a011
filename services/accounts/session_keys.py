"""session_keys: the last two that WeChat gave for an identity, since answers may arrive out of order."""

import logging

from models.accounts import Identity
from models.encryption import Cipher, UnreadableError
from models.unit_of_work import RacedError

logger = logging.getLogger(__name__)


class SessionKeys:
    """Keeps, tells apart and exchanges the two keys of an identity; both are stored sealed."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def seal(self, session_key: str) -> str:
        """What to store for a key."""
        return self._cipher.seal(session_key)

    def candidates(self, identity: Identity) -> list[tuple[str, str]]:
        """(the key, what is stored for it), the current one first; what does not open is left out and told."""
        kept = (identity.session_key, identity.previous_session_key)
        return [(key, stored) for stored in kept if stored and (key := self._opened(stored))]

    def _opened(self, stored: str) -> str | None:
        try:
            return self._cipher.open(stored)
        except UnreadableError:
            logger.error("a stored value does not open: was a key dropped from APPLETQL_SECRET_KEYS?")  # noqa: TRY400  (the error says no more)
            return None

    async def add(self, identity: Identity, session_key: str) -> None:
        """Makes a key that is not kept yet the current one; one that is stays where it is.

        A kept key that comes again belongs to an older code whose answer was late, or WeChat gave it out twice:
        neither says that it is newer than the other. Raises RacedError when the stored keys changed since the identity
        was read, by a rotation of SECRET_KEYS or `prefer`: the unit is to be run again.
        """
        if any(session_key == kept for kept, _ in self.candidates(identity)):
            return
        if not await _exchange(identity, current=self.seal(session_key), previous=identity.session_key):
            raise RacedError

    async def prefer(self, identity: Identity, stored: str) -> None:
        """Makes the previous key, which proved to be in use, the current one, unless the keys changed meanwhile."""
        if stored == identity.previous_session_key:
            await _exchange(identity, current=stored, previous=identity.session_key)


async def _exchange(identity: Identity, *, current: str, previous: str) -> bool:
    """Whether both keys still stood as they were read, and are replaced."""
    unchanged = Identity.filter(
        id=identity.id, session_key=identity.session_key, previous_session_key=identity.previous_session_key
    )
    return bool(await unchanged.update(session_key=current, previous_session_key=previous))
