"""Recognition: which user WeChat's answer to a login code stands for. Runs inside one unit of work."""

import logging
from dataclasses import dataclass
from datetime import datetime

from domain.ids import Prefix, new_id
from domain.incidents import IncidentKind
from models.accounts import Identity, User
from models.encryption import Cipher
from services.accounts.holding import hold
from services.accounts.joining import join
from services.accounts.session_keys import SessionKeys
from services.incidents import record

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Person:
    """What WeChat said: who signed in, in which mini program; the repr shows none of it."""

    appid: str
    openid: str
    session_key: str
    unionid: str | None

    def __repr__(self) -> str:
        """Nothing that identifies or signs for anybody."""
        return f"Person(appid={self.appid!r})"


@dataclass(frozen=True)
class Recognised:
    """The identity and its user, held until the unit ends; `has_joined`: this sign-in made one user of two."""

    user: User
    identity: Identity
    is_new_user: bool
    has_joined: bool = False


class Recognition:
    """Finds or makes the identity and the user of a person, joining users that share a unionid."""

    def __init__(self, cipher: Cipher) -> None:
        self._keys = SessionKeys(cipher)

    async def recognise(self, person: Person, now: datetime) -> Recognised:
        """The person's identity and user, both up to date.

        Raises RacedError (from `hold`) or the database's integrity error where somebody else signed the person in
        meanwhile: the unit is to be run again from its start.
        """
        identity, claimant = await _find(person)
        owners = {owner for owner in (identity and identity.user_id, claimant and claimant.id) if owner}
        for user_id in sorted(owners):  # always in one order, so that two joins cannot deadlock
            await hold(user_id)
        if identity is None:
            return await self._first_sign_in(person, claimant, now)
        # Held users own what they owned when it was found, since only a join moves identities and it ends one of
        # them; but the rows themselves may have been written to before they were held.
        identity = await Identity.filter(id=identity.id).select_related("user").get()
        claimant = await User.get(id=claimant.id) if claimant else None
        user = await self._follow_unionid(identity, claimant, person.unionid, now)
        await self._keys.add(identity, person.session_key)
        has_joined = len(owners) > 1 and user.unionid == person.unionid  # else the unionid changed
        return Recognised(user, identity, is_new_user=False, has_joined=has_joined)

    async def _first_sign_in(self, person: Person, claimant: User | None, now: datetime) -> Recognised:
        user = claimant or await User.create(id=new_id(Prefix.USER, now), unionid=person.unionid, created_at=now)
        identity = await Identity.create(
            id=new_id(Prefix.IDENTITY, now),
            user=user,
            appid=person.appid,
            openid=person.openid,
            unionid=person.unionid,
            session_key=self._keys.seal(person.session_key),
            created_at=now,
        )
        return Recognised(user, identity, is_new_user=claimant is None)

    async def _follow_unionid(
        self, identity: Identity, claimant: User | None, unionid: str | None, now: datetime
    ) -> User:
        user = identity.user
        known = identity.unionid or user.unionid
        if unionid is None or unionid == identity.unionid:
            return user
        if known not in (None, unionid):
            await record(IncidentKind.UNIONID_CHANGED, identity.id, now)
            return user
        await Identity.filter(id=identity.id).update(unionid=unionid)
        if claimant is not None and claimant.id != user.id:
            logger.info("two users of one person joined")
            return await join(user, claimant, unionid, now)
        await User.filter(id=user.id).update(unionid=unionid)
        return user


async def _find(person: Person) -> tuple[Identity | None, User | None]:
    identity = await Identity.filter(appid=person.appid, openid=person.openid).select_related("user").first()
    claimant = await User.filter(unionid=person.unionid).first() if person.unionid else None
    return identity, claimant
