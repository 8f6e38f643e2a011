"""The people of the sandbox: one row per person and app, their profile and their session_key."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.clock import Clock
from sandbox.mint import Mint
from sandbox.state import State, User

ANONYMOUS = "微信用户"
GREY_AVATAR = (
    "https://thirdwx.qlogo.cn/mmopen/vi_32/"
    "POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132"
)
_SHARED = (
    "nickname",
    "avatar_url",
    "gender",
    "country",
    "province",
    "city",
    "language",
    "phone",
    "country_code_as_number",
)


class OneOpenidPerApp(Exception):
    """In one app a unionid belongs to one openid."""


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """How session_keys live: WeChat keeps both figures to itself, hence settings.

    `rotation` is the probability with which a wx.login replaces a live key; `life` is in seconds and begins anew
    whenever the person uses the app.
    """

    rotation: float = 0.5
    life: float = 3 * 86400.0


class People:
    """Creates, changes and finds people; holds their session_keys."""

    def __init__(self, state: State, clock: Clock, mint: Mint, keys: SessionKeys) -> None:
        self._users = state.users
        self._clock = clock
        self._mint = mint
        self._keys = keys

    def find(self, openid: str) -> User | None:
        """The person with this openid, or None."""
        return self._users.get(openid)

    def create(self, appid: str, profile: Mapping[str, Any]) -> User:
        """A new person in this app, with the given fields of `User`.

        A unionid that this app knows already means the person who has it, whose row is changed instead. One that
        another app knows brings that person's profile along: the same person has an openid in each app.
        """
        unionid = profile["unionid"] if "unionid" in profile else self._mint.openid()
        siblings = [user for user in self._users.values() if unionid is not None and user.unionid == unionid]
        known = next((user for user in siblings if user.appid == appid), None)
        if known is not None:
            return self.update(known, profile)
        shared = {name: getattr(siblings[0], name) for name in _SHARED} if siblings else self._anonymous()
        user = User(**{**shared, **profile, "openid": self._mint.openid(), "appid": appid, "unionid": unionid})
        self._users[user.openid] = user
        return user

    def update(self, user: User, profile: Mapping[str, Any]) -> User:
        """Change the given fields of `User`. Raises OneOpenidPerApp for a unionid that is taken in this app."""
        changed = replace(user, **profile)
        if changed.unionid is not None and any(
            (other.unionid, other.appid) == (changed.unionid, changed.appid) and other.openid != user.openid
            for other in self._users.values()
        ):
            raise OneOpenidPerApp
        self._users[user.openid] = changed
        return changed

    def open_app(self, user: User) -> str:
        """The session_key after a wx.login, which may replace a live key and always replaces a dead one."""
        key = self.visit(user)
        if key is None or self._mint.chance(self._keys.rotation):
            return self.rotate(user)
        return key

    def visit(self, user: User) -> str | None:
        """The person uses the app, which prolongs a live session_key. That key, or None when there is none."""
        now = self._clock.now()
        key = self.live_session_key(user)
        user.seen_at = now
        if key is not None:
            user.session_key_expires_at = now + self._keys.life
        return key

    def has_visited(self, user: User, within: float) -> bool:
        """Whether the person used the app in the last so many seconds."""
        return user.seen_at is not None and self._clock.now() - user.seen_at < within

    def phone_number(self, user: User) -> str:
        """The person's phone number; one without a number has a new one from now on."""
        if user.phone is None:
            user.phone = self._unused_number()
        return user.phone

    def rotate(self, user: User) -> str:
        """Replace the session_key; the old one is dead at once."""
        user.session_key = self._mint.session_key()
        user.session_key_expires_at = self._clock.now() + self._keys.life
        return user.session_key

    def replace_key(self, user: User) -> str:
        """Replace the session_key by one that expires when the old one would have."""
        user.session_key = self._mint.session_key()
        return user.session_key

    def live_session_key(self, user: User) -> str | None:
        """The person's session_key, or None when there is none or it has expired."""
        return user.session_key if self._clock.now() < user.session_key_expires_at else None

    def _anonymous(self) -> dict[str, Any]:
        # 微信用户 and the grey picture are what WeChat itself gives to an app that may not know the person.
        return {"nickname": ANONYMOUS, "avatar_url": GREY_AVATAR, "gender": 0, "phone": self._unused_number()}

    def _unused_number(self) -> str:
        # Two people have the same number only where somebody gave it to both.
        taken = {user.phone for user in self._users.values()}
        while (number := self._mint.mainland_number()) in taken:
            pass
        return number
