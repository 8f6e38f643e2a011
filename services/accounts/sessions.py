"""Sessions: a token is made, found again by its hash, and ended."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.problems import Unavailable
from domain.sessions import ABSOLUTE, IDLE, MOST_LIVE, TOUCH_EVERY, expires_at, hash_token, new_token
from models.accounts import Identity, Session, User
from models.unit_of_work import UnitsOfWork
from services.accounts.holding import hold

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Viewer:
    """Who asks: the live session of a request's token with the identity and the user it belongs to."""

    session: Session
    identity: Identity
    user: User

    @property
    def expires_at(self) -> datetime:
        """When the session ends unless it is used before."""
        return expires_at(self.session.created_at, self.session.last_used_at)


@dataclass(frozen=True)
class IssuedSession:
    """A session that was just made; the token exists nowhere else."""

    token: str = field(repr=False)
    expires_at: datetime


class Sessions:
    """Finds and ends sessions; raises Unavailable when the database does not answer."""

    def __init__(self, units: UnitsOfWork, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def find(self, token: str) -> Viewer | None:
        """The viewer of a live session, by one statement; None for a token that is unknown, expired or revoked.

        The last use is written at most every five minutes, never backwards.
        """
        token_hash = hash_token(token)
        if token_hash is None:
            return None
        session = await self._units.read(_by_hash, token_hash)
        now = self._clock()
        if session is None or now >= expires_at(session.created_at, session.last_used_at):
            return None
        if now - session.last_used_at >= TOUCH_EVERY:
            await self._touch(session, now)
        return Viewer(session, session.identity, session.identity.user)

    async def end(self, viewer: Viewer, *, everywhere: bool) -> int:
        """Ends the viewer's session, or all of the user's, and counts the live ones that ended."""
        return await self._units.run_again_if_raced(_end, viewer, self._clock(), everywhere)

    async def _touch(self, session: Session, now: datetime) -> None:
        try:
            await self._units.run(_touch, session, now)
        except Unavailable:
            logger.warning("the last use of a session could not be written")  # no reason to refuse the request


async def issue(user: User, identity: Identity, now: datetime, *, keep_all: bool = False) -> IssuedSession:
    """Makes a session inside a unit that holds the user's row; beyond ten live ones the oldest end.

    `keep_all` lifts the limit for the sign-in that joined two users, so that the tokens of both stay good.
    """
    token = new_token()
    session = await Session.create(
        id=new_id(Prefix.SESSION, now),
        identity=identity,
        token_hash=hash_token(token),
        created_at=now,
        last_used_at=now,
    )
    if not keep_all:
        await _end_beyond_limit(user.id, session, now)
    return IssuedSession(token, expires_at(session.created_at, session.last_used_at))


async def _by_hash(token_hash: str) -> Session | None:
    return await Session.filter(token_hash=token_hash).select_related("identity__user").first()


async def _touch(session: Session, now: datetime) -> None:
    earlier = Session.filter(id=session.id, last_used_at__lt=now)
    if await earlier.update(last_used_at=now):
        session.last_used_at = now


async def _end(viewer: Viewer, now: datetime, everywhere: bool) -> int:
    """Holds the user, so that a join under way is followed and of several that end one session one counts it."""
    identity = await Identity.filter(id=viewer.identity.id).first()
    if identity is None:
        return 0
    await hold(identity.user_id)
    if everywhere:
        sessions = await _of_user(identity.user_id)
    else:
        sessions = await Session.filter(id=viewer.session.id)
    await Session.filter(id__in=[session.id for session in sessions]).delete()
    return sum(_is_live(session, now) for session in sessions)


async def _end_beyond_limit(user_id: str, made: Session, now: datetime) -> None:
    """The one just made stays whatever the clock says: a clock that stepped back must not sell a dead token."""
    others = [session for session in await _of_user(user_id) if session.id != made.id]
    live = [session for session in others if _is_live(session, now)]
    kept = {session.id for session in live[: MOST_LIVE - 1]}
    ended = [session.id for session in others if session.id not in kept]
    if ended:
        await Session.filter(id__in=ended).delete()


async def _of_user(user_id: str) -> list[Session]:
    """Newest first."""
    return await Session.filter(identity__user_id=user_id).order_by("-created_at", "-id")


def _is_live(session: Session, now: datetime) -> bool:
    return now < session.created_at + ABSOLUTE and now < session.last_used_at + IDLE
