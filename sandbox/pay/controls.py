"""The remote control of WeChat Pay: keys, payments, refunds of the console, switches, certificates."""

from enum import StrEnum
from typing import Any

from sandbox.bodies import Refused, read_choice, read_integer, read_only, read_text
from sandbox.controls import PREFIX, Control, find_user
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.errors import PayRefusal
from sandbox.pay.orders import latest_transaction
from sandbox.pay.payments import Outcome, book, request_payment
from sandbox.pay.refunds import PROGRESS, check_limits, progress, store
from sandbox.pay.rows import PayOrder, Refund, Transaction
from sandbox.pay.state_json import refund_json, transaction_json
from sandbox.pay.switches import read_switches

_PHONE = ("timeStamp", "nonceStr", "package", "signType", "paySign")
_AMOUNTS = range(1, 2**53)


class FundsAccount(StrEnum):
    """Out of which money of the merchant's a refund of the console is made."""

    UNSETTLED = "UNSETTLED"
    AVAILABLE = "AVAILABLE"


def show_merchant(wechat: OfflineWeChat, _body: dict[str, Any]) -> dict[str, Any]:
    """Everything that a WeChat Pay SDK is configured with, private key and all: it is worth nothing elsewhere."""
    merchant = wechat.pay.merchant
    return {
        "mchid": merchant.mchid,
        "serial": merchant.serial,
        "privateKey": merchant.private_key_pem,
        "apiv3Key": merchant.apiv3_key,
        "publicKeyId": merchant.public_key_id,
        "publicKey": merchant.public_key_pem,
        "certificates": [
            {"serial": serial, "certificate": certificate} for serial, certificate in merchant.certificates.items()
        ],
        "appids": list(wechat.apps),
    }


def phone_payment(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """wx.requestPayment: https://developers.weixin.qq.com/miniprogram/dev/api/payment/wx.requestPayment.html."""
    read_only(body, ("openid", *_PHONE, "outcome"))
    outcome = read_choice(body, "outcome", Outcome, Outcome.OK)
    user = find_user(wechat, body)
    wechat.people.visit(user)
    return {"errMsg": f"requestPayment:{request_payment(wechat, user, body, outcome)}"}


def make_payment(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """A payment that no phone asked for: late, a second one, or one that differs from its order."""
    read_only(body, ("outTradeNo", "amount", "currency", "openid"))
    amount, currency = read_integer(body, "amount", _AMOUNTS), read_text(body, "currency", longest=16)
    openid, order = read_text(body, "openid", longest=128), _order(wechat, body)
    return transaction_json(book(wechat, order, total=amount, currency=currency, openid=openid))


def console_refund(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """A refund that somebody makes in the merchant's console, which chooses its number."""
    read_only(body, ("outTradeNo", "transactionId", "amount", "reason", "fundsAccount"))
    account = read_choice(body, "fundsAccount", FundsAccount, FundsAccount.UNSETTLED)
    amount, reason = read_integer(body, "amount", _AMOUNTS), read_text(body, "reason", longest=80)
    transaction = _transaction(wechat, body)
    if amount is None:
        raise Refused("the body needs amount, in fen")
    progress(wechat)
    try:
        check_limits(wechat, transaction, amount, transaction.total)
    except PayRefusal as refusal:
        raise Refused(f"WeChat Pay refuses it: {refusal.code}") from None
    number, now = wechat.mint.refund_id(), wechat.clock.now()
    refund = Refund(
        out_refund_no=number,
        refund_id=wechat.mint.refund_id(),
        transaction_id=transaction.transaction_id,
        out_trade_no=transaction.out_trade_no,
        amount=amount,
        total=transaction.total,
        currency=transaction.currency,
        reason=reason,
        notify_url=None,
        parameters="",
        created_at=now,
        due_at=now + PROGRESS,
        console=True,
        is_from_available=account is FundsAccount.AVAILABLE,
    )
    return refund_json(store(wechat, refund, transaction))


def set_switches(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """Set all of them: one that is not named is off."""
    wechat.pay.switches = read_switches(body)
    return wechat.pay.switches.to_json()


def show_switches(wechat: OfflineWeChat, _body: dict[str, Any]) -> dict[str, Any]:
    """All of them."""
    return wechat.pay.switches.to_json()


def rotate_certificates(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """A new platform certificate, which signs from now on; the last one stays in force beside it."""
    read_only(body, ())
    wechat.pay.rotate_certificates()
    return {"serials": [each.serial for each in wechat.pay.platform.certificates]}


def _order(wechat: OfflineWeChat, body: dict[str, Any]) -> PayOrder:
    number = read_text(body, "outTradeNo")
    if number is None:
        raise Refused("the body needs outTradeNo")
    order = wechat.state.orders.get(number)
    if order is None:
        raise Refused("there is no order with this outTradeNo", 404)
    return order


def _transaction(wechat: OfflineWeChat, body: dict[str, Any]) -> Transaction:
    transaction_id = read_text(body, "transactionId")
    if (transaction_id is None) == ("outTradeNo" not in body):
        raise Refused("the body needs either outTradeNo or transactionId")
    if transaction_id is None:
        transaction = latest_transaction(wechat, _order(wechat, body))
    else:
        transaction = wechat.state.transactions.get(transaction_id)
    if transaction is None:
        raise Refused("there is no such payment", 404)
    return transaction


_SWITCHES = (
    "{closeNeedsFiveMinutes?, oneRefundAMinute?, notEnough?, publicKeyOnly?: true, signtestShare?: 0 to 1, "
    'refundOutcome?: "SUCCESS" | "ABNORMAL" | "CLOSED", notifyWith?: "public-key" | "certificate" | "both"}'
)
PAY_CONTROLS = (
    Control(
        "POST",
        f"{PREFIX}/wx/requestPayment",
        phone_payment,
        f'{{openid, {", ".join(_PHONE)}, outcome?: "ok" | "cancel" | "paying"}} → {{errMsg}}',
    ),
    Control("POST", f"{PREFIX}/payments", make_payment, "{outTradeNo, amount?, currency?, openid?}: paid, whatever"),
    Control(
        "POST",
        f"{PREFIX}/console/refund",
        console_refund,
        '{outTradeNo | transactionId, amount, reason?, fundsAccount?: "UNSETTLED" | "AVAILABLE"}: by hand',
    ),
    Control(
        "GET",
        f"{PREFIX}/merchant",
        show_merchant,
        "→ {mchid, serial, privateKey, apiv3Key, publicKeyId, publicKey, certificates, appids}: for any SDK",
    ),
    Control("PUT", f"{PREFIX}/switches", set_switches, _SWITCHES),
    Control("GET", f"{PREFIX}/switches", show_switches, "the switches in force"),
    Control("POST", f"{PREFIX}/certificates/rotate", rotate_certificates, "a new platform certificate beside the last"),
)
