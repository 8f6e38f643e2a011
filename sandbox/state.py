"""What the offline WeChat remembers: plain rows, and their form as JSON."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, TypeVar, get_type_hints

_VERSION = 1
_Row = TypeVar("_Row", "User", "LoginCode", "PhoneCode", "AccessToken", "ForcedRefresh")


class NotAState(ValueError):
    """What was read is no state of a sandbox; the text says why."""


@dataclass(slots=True)
class User:
    """One person in one app. A key of None means that this person never opened the app.

    `phone` is a bare mainland number or one in E.164. `seen_at` is the last use of the app, in moved time.
    """

    openid: str
    appid: str
    unionid: str | None
    nickname: str
    avatar_url: str
    gender: int
    phone: str | None
    blocked: bool = False
    session_key: str | None = None
    session_key_expires_at: float = 0.0
    country: str = ""
    province: str = ""
    city: str = ""
    language: str = "zh_CN"
    country_code_as_number: bool = False
    seen_at: float | None = None


@dataclass(slots=True)
class LoginCode:
    """What wx.login gave: bound to the app, the person and the session_key of that moment."""

    code: str
    appid: str
    openid: str
    session_key: str
    issued_at: float
    used: bool = False


@dataclass(slots=True)
class PhoneCode:
    """What a tap on the getPhoneNumber button gave. `issued_at` is moved time, `tapped_at` real time."""

    code: str
    appid: str
    openid: str
    phone: str
    country_code_as_number: bool
    issued_at: float
    tapped_at: float


@dataclass(slots=True)
class AccessToken:
    """One access_token. `superseded_at` is the moment from which a newer one makes it invalid."""

    value: str
    family: str
    appid: str
    expires_at: float
    superseded_at: float | None = None


@dataclass(slots=True)
class ForcedRefresh:
    """How often an app forced a new stable token: at most so many a day, and not twice in a row."""

    appid: str
    day: str
    times: int
    last_at: float


@dataclass(slots=True)
class State:
    """All of it. `offset` is in seconds; `calls` counts requests by path and is not kept on disk."""

    offset: float = 0.0
    users: dict[str, User] = field(default_factory=dict)
    codes: dict[str, LoginCode] = field(default_factory=dict)
    phone_codes: dict[str, PhoneCode] = field(default_factory=dict)
    tokens: dict[str, AccessToken] = field(default_factory=dict)
    forced: dict[str, ForcedRefresh] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Forget everything, in place."""
        self.offset = 0.0
        for rows in (self.users, self.codes, self.phone_codes, self.tokens, self.forced, self.calls):
            rows.clear()

    def to_json(self) -> dict[str, Any]:
        """What is kept on disk."""
        return {
            "version": _VERSION,
            "offset": self.offset,
            "users": [asdict(row) for row in self.users.values()],
            "codes": [asdict(row) for row in self.codes.values()],
            "phone_codes": [asdict(row) for row in self.phone_codes.values()],
            "tokens": [asdict(row) for row in self.tokens.values()],
            "forced": [asdict(row) for row in self.forced.values()],
        }

    def load_json(self, kept: Any) -> None:
        """Replace all of it by what `to_json` gave, now or before it knew as much.

        Raises NotAState, and changes nothing, when it is not that.
        """
        if not isinstance(kept, dict) or kept.get("version") != _VERSION:
            raise NotAState(f"it is not a sandbox state of version {_VERSION}")
        offset = kept.get("offset")
        if not isinstance(offset, int | float) or isinstance(offset, bool):
            raise NotAState("its clock offset is missing")
        users = {row.openid: row for row in _rows(User, kept.get("users"))}
        codes = {row.code: row for row in _rows(LoginCode, kept.get("codes"))}
        # Files of before there were phone codes stay good.
        phone_codes = {row.code: row for row in _rows(PhoneCode, kept.get("phone_codes", []))}
        tokens = {row.value: row for row in _rows(AccessToken, kept.get("tokens"))}
        forced = {row.appid: row for row in _rows(ForcedRefresh, kept.get("forced"))}
        self.clear()
        self.offset = float(offset)
        self.users.update(users)
        self.codes.update(codes)
        self.phone_codes.update(phone_codes)
        self.tokens.update(tokens)
        self.forced.update(forced)


def _rows(kind: type[_Row], kept: Any) -> Iterable[_Row]:
    if not isinstance(kept, list):
        raise NotAState(f"its list of {kind.__name__} is missing")
    return [_row(kind, entry) for entry in kept]


def _row(kind: type[_Row], entry: Any) -> _Row:
    types = get_type_hints(kind)
    needed = {each.name for each in fields(kind) if each.default is MISSING}
    if not isinstance(entry, dict) or not needed <= entry.keys() <= types.keys():
        raise NotAState(f"a {kind.__name__} has other fields than it should")
    if not all(_fits(value, types[name]) for name, value in entry.items()):
        raise NotAState(f"a {kind.__name__} has a field of the wrong type")
    return kind(**entry)


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, wanted) or (isinstance(value, int) and isinstance(1.0, wanted))
