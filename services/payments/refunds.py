"""Refunds that operators make: reserved and written first, then sent; from then on the answer is the refund."""

import hashlib
import json
from dataclasses import dataclass

from domain.clock import Clock
from domain.ids import Prefix, is_id
from domain.orders import LONGEST_KEY
from domain.payments import PaymentKind
from domain.problems import Forbidden, InputIssue, InvalidInput, ProblemCode, Refusal, WeChatProblem
from domain.refunds import LONGEST_REASON_BYTES, RefundSource
from domain.text import clean_text
from models.orders import Order
from models.payments import Payment, Refund
from models.unit_of_work import RacedError, UnitsOfWork
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.catalogue.products import NOT_AN_OPERATOR
from services.payments.pay_access import PayAccess
from services.payments.refund_sending import RefundSending
from services.payments.reserving import insert_refund, reserve
from services.wechat_problems import log_failure
from wechat.errors import WeChatError


class RefundNotAllowedError(Exception):
    """The order has no payment to give back, or not that much of it is left; `message` says which."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class WantedRefund:
    """What an operator wants to give back; `amount` in fen, None for the rest of the order."""

    order_id: str
    amount: int | None
    reason: str | None
    key: str

    @property
    def input_hash(self) -> str:
        """Equal for equal inputs."""
        return hashlib.sha256(json.dumps([self.amount, self.reason]).encode()).hexdigest()


def checked(order_id: str, amount: int | None, reason: str | None, idempotency_key: str) -> WantedRefund:
    """Raises InvalidInput with every issue."""
    issues = []
    key = clean_text("idempotencyKey", idempotency_key, longest=LONGEST_KEY)
    if isinstance(key, InputIssue):
        issues.append(key)
    why = clean_text("reason", reason, longest=LONGEST_REASON_BYTES) if reason and reason.strip() else None
    if isinstance(why, InputIssue):
        issues.append(why)
    elif why is not None and len(why.encode()) > LONGEST_REASON_BYTES:
        issues.append(InputIssue("reason", f"must be at most {LONGEST_REASON_BYTES} bytes of UTF-8"))
    if amount is not None and amount < 1:
        issues.append(InputIssue("amount", "must be 1 fen or more"))
    if issues or isinstance(key, InputIssue) or isinstance(why, InputIssue):
        raise InvalidInput(issues)
    return WantedRefund(order_id, amount, why, key)


class Refunds:
    """Makes refunds; raises Unavailable when the database does not answer."""

    def __init__(self, units: UnitsOfWork, access: PayAccess, sending: RefundSending, clock: Clock) -> None:
        self._units = units
        self._access = access
        self._sending = sending
        self._clock = clock

    async def refund(self, viewer: Viewer, wanted: WantedRefund) -> Refund:
        """The refund of this key, reserved; WeChat is asked for it now, and again later where it gives no answer.

        Raises Refusal ORDER_NOT_FOUND or IDEMPOTENCY_CONFLICT, RefundNotAllowedError; then nothing was reserved.
        """
        self._access.pay()
        refund = await self._units.run_again_if_raced(self._write, viewer, wanted)
        try:
            await self._sending.pursue(refund.id)
        except (WeChatError, WeChatProblem) as error:
            if isinstance(error, WeChatError):
                log_failure(error)
        return await self._units.read(_get, refund.id)

    async def _write(self, viewer: Viewer, wanted: WantedRefund) -> Refund:
        operator = await hold_owner(viewer.identity.id)
        if not operator.is_operator:  # the role was taken since the request began
            raise Forbidden(NOT_AN_OPERATOR)
        order = await Order.filter(id=wanted.order_id).first() if is_id(Prefix.ORDER, wanted.order_id) else None
        if order is None:
            raise Refusal(ProblemCode.ORDER_NOT_FOUND, "There is no such order.")
        known = await Refund.filter(order_id=order.id, source=RefundSource.OPERATOR, key=wanted.key).first()
        if known is not None:
            return _same(known, wanted)
        payment = await _refundable(order)
        amount = payment.total - payment.reserved if wanted.amount is None else wanted.amount
        if not 1 <= amount <= payment.total - payment.reserved:
            raise RefundNotAllowedError("Not that much is left of the payment.")
        if not await reserve(payment, amount, is_refund_unknown=False):
            raise await _no_room(payment)
        return await insert_refund(
            payment,
            order,
            self._clock(),
            notify_url=self._access.notify_url,
            source=RefundSource.OPERATOR,
            key=wanted.key,
            amount=amount,
            reason=wanted.reason,
            operator_id=operator.id,
            input_hash=wanted.input_hash,
        )


def _same(known: Refund, wanted: WantedRefund) -> Refund:
    if known.input_hash != wanted.input_hash:
        message = "This idempotencyKey was used with another input; draw a new one for a new refund."
        raise Refusal(ProblemCode.IDEMPOTENCY_CONFLICT, message)
    return known


async def _refundable(order: Order) -> Payment:
    payment = await Payment.filter(order_id=order.id, kind=PaymentKind.ORDER).first()
    if payment is None:
        raise RefundNotAllowedError("The order is not paid.")
    if payment.is_refund_unknown:
        raise RefundNotAllowedError("WeChat speaks of a refund that is not known here yet; it must be cleared first.")
    return payment


async def _no_room(payment: Payment) -> Exception:
    """Why a conditional update found no row: somebody else was faster, or the parts are used up."""
    row = await Payment.get(id=payment.id)
    if (row.reserved, row.parts, row.is_refund_unknown) == (payment.reserved, payment.parts, False):
        return RefundNotAllowedError("WeChat takes at most fifty refunds of one payment.")
    return RacedError()


async def _get(refund_id: str) -> Refund:
    return await Refund.get(id=refund_id)
