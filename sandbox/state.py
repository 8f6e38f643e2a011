"""What the offline WeChat remembers: plain rows, and their form as JSON."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.pay.rows import (
    Notification,
    NotificationAttempt,
    PayKeys,
    PayOrder,
    PrepayId,
    Refund,
    Transaction,
)
from sandbox.rows import NotAState, read_row, read_rows

__all__ = [
    "AccessToken",
    "ForcedRefresh",
    "LoginCode",
    "NotAState",
    "Notification",
    "NotificationAttempt",
    "PayKeys",
    "PayOrder",
    "PhoneCode",
    "PrepayId",
    "Refund",
    "State",
    "Transaction",
    "User",
]

_VERSION = 1


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
    orders: dict[str, PayOrder] = field(default_factory=dict)
    prepay_ids: dict[str, PrepayId] = field(default_factory=dict)
    transactions: dict[str, Transaction] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    notifications: dict[str, Notification] = field(default_factory=dict)
    keys: PayKeys | None = None
    calls: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Forget everything, in place, but for the keys: those who were configured with them go on."""
        self.offset = 0.0
        for name in _ROWS:
            getattr(self, name).clear()
        self.calls.clear()

    def to_json(self) -> dict[str, Any]:
        """What is kept on disk."""
        return {
            "version": _VERSION,
            "offset": self.offset,
            **{name: [asdict(row) for row in getattr(self, name).values()] for name in _ROWS},
            "keys": None if self.keys is None else asdict(self.keys),
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
        rows = {
            name: {getattr(row, key): row for row in read_rows(kind, kept.get(name, [] if name in _LATER else None))}
            for name, (kind, key) in _ROWS.items()
        }
        keys = None if kept.get("keys") is None else read_row(PayKeys, kept["keys"])
        self.clear()
        self.offset = float(offset)
        for name in _ROWS:
            getattr(self, name).update(rows[name])
        self.keys = keys


_ROWS: dict[str, tuple[type[Any], str]] = {
    "users": (User, "openid"),
    "codes": (LoginCode, "code"),
    "phone_codes": (PhoneCode, "code"),
    "tokens": (AccessToken, "value"),
    "forced": (ForcedRefresh, "appid"),
    "orders": (PayOrder, "out_trade_no"),
    "prepay_ids": (PrepayId, "value"),
    "transactions": (Transaction, "transaction_id"),
    "refunds": (Refund, "out_refund_no"),
    "notifications": (Notification, "id"),
}
"""The tables: what a row is and which of its fields is its key."""

_LATER = ("phone_codes", "orders", "prepay_ids", "transactions", "refunds", "notifications")
"""Files of before there were these stay good."""
