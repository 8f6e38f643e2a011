"""Payments: what the phone does in wx.requestPayment, and payments that a test books by itself.

https://pay.weixin.qq.com/doc/v3/merchant/4012791898
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sandbox.faults import NotificationMode
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.authorization import is_signed
from sandbox.pay.notices import payment_notice
from sandbox.pay.orders import NOTPAY, PREPAY_LIFE, SUCCESS, trade_state
from sandbox.pay.rows import PayOrder, Transaction
from sandbox.state import User

_PACKAGE = "prepay_id="
_LONGEST_LEAD = 3.0
_LONGEST = {"timeStamp": 10, "nonceStr": 32, "package": 128, "signType": 32, "paySign": 512}


class Outcome(StrEnum):
    """What the person does at the cashier; `paying` is to be still typing the password."""

    OK = "ok"
    CANCEL = "cancel"
    PAYING = "paying"


class PhoneRefusal(Exception):
    """What the phone says in place of opening the cashier."""


def is_early(wechat: OfflineWeChat) -> bool:
    """Whether payments are to be told of before the merchant has the answer to its prepay."""
    return wechat.faults.notifications is NotificationMode.EARLY


async def let_early_notices_out(wechat: OfflineWeChat) -> None:
    """Where notices are to be early, wait until those that are due were tried, or for some seconds."""
    if is_early(wechat) and wechat.pay.sender is not None:
        await wechat.pay.sender.wait_idle(_LONGEST_LEAD)


def request_payment(wechat: OfflineWeChat, user: User, given: Mapping[str, Any], outcome: Outcome) -> str:
    """The end of errMsg after `requestPayment:`; `paying` is the sandbox's own word, as the phone says nothing yet.

    With early notifications the person has paid before, so that `ok` brings no second payment.
    """
    try:
        order = _cashier(wechat, user, given)
    except PhoneRefusal as refusal:
        return f"fail {refusal}"
    order.paying = outcome is Outcome.PAYING and not order.transaction_ids
    if outcome is Outcome.CANCEL:
        return "fail cancel"
    if outcome is Outcome.OK and not order.transaction_ids:
        book(wechat, order)
    return outcome.value


def book(
    wechat: OfflineWeChat,
    order: PayOrder,
    *,
    total: int | None = None,
    currency: str | None = None,
    openid: str | None = None,
) -> Transaction:
    """A payment of the order, in whatever state that is, with its notice.

    What is given is told in place of the order's; `total` is in fen.
    """
    transaction = Transaction(
        transaction_id=wechat.mint.transaction_id(),
        out_trade_no=order.out_trade_no,
        openid=order.openid if openid is None else openid,
        total=order.total if total is None else total,
        currency=order.currency if currency is None else currency,
        paid_at=wechat.clock.now(),
    )
    wechat.state.transactions[transaction.transaction_id] = transaction
    order.transaction_ids.append(transaction.transaction_id)
    order.paying = False
    payment_notice(wechat, order, transaction)
    return transaction


def _cashier(wechat: OfflineWeChat, user: User, given: Mapping[str, Any]) -> PayOrder:
    """The order that the phone opens. Raises PhoneRefusal."""
    _check_parameters(given)
    lines = (user.appid, given["timeStamp"], given["nonceStr"], given["package"], "")
    message = "\n".join(lines).encode(errors="replace")
    if given["signType"] != "RSA" or not is_signed(message, given["paySign"], wechat.pay.keys):
        raise PhoneRefusal("payment signature verification failed")
    prepay_id = wechat.state.prepay_ids.get(given["package"].removeprefix(_PACKAGE))
    if prepay_id is None or not given["package"].startswith(_PACKAGE):
        raise PhoneRefusal("prepay_id is unknown")
    order = wechat.state.orders[prepay_id.out_trade_no]
    order.paying = False
    now = wechat.clock.now()
    if now >= prepay_id.issued_at + PREPAY_LIFE:
        raise PhoneRefusal("prepay_id has expired")
    if order.openid != user.openid:
        raise PhoneRefusal("the order belongs to another account")
    state = trade_state(wechat, order)
    if state != NOTPAY and not (state == SUCCESS and is_early(wechat)):
        raise PhoneRefusal("the order is paid or closed")
    if now >= order.payable_until:
        raise PhoneRefusal("the order has expired")
    return order


def _check_parameters(given: Mapping[str, Any]) -> None:
    for name, longest in _LONGEST.items():
        value = given.get(name)
        if not isinstance(value, str):
            raise PhoneRefusal(f"parameter error: parameter.{name} should be String")
        if not 1 <= len(value) <= longest:
            raise PhoneRefusal(f"parameter error: parameter.{name} has a wrong length")
    if not (given["timeStamp"].isascii() and given["timeStamp"].isdigit()):
        raise PhoneRefusal("parameter error: parameter.timeStamp is not in seconds")
