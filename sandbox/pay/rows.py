"""What WeChat Pay remembers: orders, payments, refunds, notifications and keys, as plain rows.

Amounts are in fen. Times are seconds since 1970 in moved time, unless a name says otherwise.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class PayOrder:
    """An order as the merchant created it. `parameters` is the hash of the create request.

    `transaction_ids` are its payments, oldest first; `paying` tells that somebody is typing the password.
    """

    out_trade_no: str
    appid: str
    openid: str
    description: str
    total: int
    currency: str
    notify_url: str
    attach: str | None
    device_id: str | None
    parameters: str
    created_at: float
    payable_until: float
    closed: bool = False
    paying: bool = False
    transaction_ids: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PrepayId:
    """What a prepay gave: it opens the cashier for its order."""

    value: str
    out_trade_no: str
    issued_at: float


@dataclass(slots=True)
class Transaction:
    """One payment. What it tells may differ from its order, where a test booked it so."""

    transaction_id: str
    out_trade_no: str
    openid: str
    total: int
    currency: str
    paid_at: float
    refunded: bool = False


@dataclass(slots=True)
class Refund:
    """One refund. `notify_url` is None where the request named none; `console` tells who made it.

    `is_from_available`: out of the available balance, so that it stands in a bill of its own.

    `status` is PROCESSING until `due_at`, then SUCCESS, ABNORMAL or CLOSED; `success_at` is set with SUCCESS.
    """

    out_refund_no: str
    refund_id: str
    transaction_id: str
    out_trade_no: str
    amount: int
    total: int
    currency: str
    reason: str | None
    notify_url: str | None
    parameters: str
    created_at: float
    due_at: float
    status: str = "PROCESSING"
    success_at: float | None = None
    console: bool = False
    is_from_available: bool = False


@dataclass(slots=True)
class NotificationAttempt:
    """One delivery. `status` is the merchant's HTTP status, None where there was no answer; `error` says why."""

    at: float
    status: int | None
    error: str | None = None


@dataclass(slots=True)
class Notification:
    """A notice to a merchant, and every attempt to deliver it. `resource` is what is sealed when it is sent."""

    id: str
    event_type: str
    original_type: str
    url: str
    resource: dict[str, Any]
    created_at: float
    due_at: float
    attempts: list[NotificationAttempt] = field(default_factory=list)
    done: bool = False
    xml: bool = False


@dataclass(slots=True)
class CertificateKey:
    """A platform certificate with its private key, both PEM. `serial` is 40 hex digits."""

    serial: str
    certificate: str
    private_key: str = field(repr=False)


@dataclass(slots=True)
class PayKeys:
    """Every key of WeChat Pay's and of its one merchant, private ones in PEM. Certificates are oldest first."""

    merchant_serial: str
    merchant_private_key: str = field(repr=False)
    public_key_id: str
    public_key_private_key: str = field(repr=False)
    certificates: list[CertificateKey]
