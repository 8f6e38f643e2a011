"""Switches of WeChat Pay: rules that WeChat applies at times, all off until a test wants them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sandbox.bodies import Refused, read_choice, read_flag, read_only


class RefundOutcome(StrEnum):
    """How refunds end."""

    SUCCESS = "SUCCESS"
    ABNORMAL = "ABNORMAL"
    CLOSED = "CLOSED"


class NotifyWith(StrEnum):
    """Which of WeChat Pay's keys signs notifications; `both` is the time of a merchant's move to the public key."""

    PUBLIC_KEY = "public-key"
    CERTIFICATE = "certificate"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Switches:
    """`signtest_share` is the share of signed answers, 0 to 1, whose signature is WeChat's deliberate wrong one.

    `close_needs_five_minutes` and `one_refund_a_minute` are answered 429, `not_enough` is a merchant without money,
    `public_key_only` one that was never given platform certificates.
    """

    close_needs_five_minutes: bool = False
    one_refund_a_minute: bool = False
    not_enough: bool = False
    refund_outcome: RefundOutcome = RefundOutcome.SUCCESS
    public_key_only: bool = False
    signtest_share: float = 0.0
    notify_with: NotifyWith = NotifyWith.PUBLIC_KEY

    def to_json(self) -> dict[str, Any]:
        """The form in which they are ordered."""
        return {_written(each.name): getattr(self, each.name) for each in fields(self)}


def read_switches(body: Mapping[str, Any]) -> Switches:
    """All of them; one that is not named is off. Raises Refused."""
    read_only(body, [_written(each.name) for each in fields(Switches)])
    flags = {name: read_flag(body, _written(name)) or False for name in _FLAGS}
    outcome = read_choice(body, "refundOutcome", RefundOutcome, RefundOutcome.SUCCESS)
    notify_with = read_choice(body, "notifyWith", NotifyWith, NotifyWith.PUBLIC_KEY)
    return Switches(**flags, refund_outcome=outcome, signtest_share=_read_share(body), notify_with=notify_with)


_FLAGS = ("close_needs_five_minutes", "one_refund_a_minute", "not_enough", "public_key_only")


def _read_share(body: Mapping[str, Any]) -> float:
    share = body.get("signtestShare", 0.0)
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
        raise Refused("the body: signtestShare is not a number from 0 to 1")
    return float(share)


def _written(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
