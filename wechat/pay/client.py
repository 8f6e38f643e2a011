"""WeChat Pay as one object, made once by the process.

Whether an error leaves the outcome unknown is asked by `isinstance(error, wechat.errors.Unavailable)`: then the same
number and the same bytes are sent again later, never a new number. A `PayRefused` is a definite refusal.
"""

import random
import time
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import TypeVar
from urllib.parse import quote

import httpx

from domain.clock import Clock, wire_clock
from wechat.answers import required_text
from wechat.api import encode_json
from wechat.breaker import Breaker
from wechat.bulkhead import WAIT_SECONDS
from wechat.errors import CircuitOpen, Unreachable, Unreadable, WeChatError
from wechat.http import Answer
from wechat.pay.bill_errors import named_refusals
from wechat.pay.bill_file import TradeBill
from wechat.pay.bills import BillFetching, BillLimits, BillType, bill_call, read_ticket
from wechat.pay.certificates import Certificate, read_certificates
from wechat.pay.errors import PayMisconfigured, PayRefused
from wechat.pay.hosts import Hosts
from wechat.pay.key_ring import KeyRing
from wechat.pay.merchant import Merchant
from wechat.pay.notices import Notice, NoticeReader
from wechat.pay.paths import BY_OUT_TRADE_NO, BY_TRANSACTION_ID, CERTIFICATES, CLOSE, JSAPI, REFUND, REFUNDS
from wechat.pay.results import PaymentParams, RefundAnswer, Transaction, read_refund, read_transaction
from wechat.pay.sending import Call, Sender
from wechat.pay.signing import Signer, random_nonce
from wechat.pay.texts import checked_number
from wechat.pay.verification import Verifier
from wechat.pay.wire import PRODUCTION_URL, Wire, content_of, expect_nothing, rid_of
from wechat.retries import RetryBudget

T = TypeVar("T")
_LONGEST_PREPAY_ID = 64
_RESOURCE_NOT_EXISTS = "RESOURCE_NOT_EXISTS"
_NO_CERTIFICATES = (
    "The merchant has no platform certificates: set APPLETQL_PAY_PUBLIC_KEY_ID and APPLETQL_PAY_PUBLIC_KEY_FILE to the "
    "WeChat Pay public key of the merchant console."
)


class Pay:
    """Every call to WeChat Pay for one merchant, and its notices. The client stays its opener's to close.

    `deadline` is in seconds, for each call; `wire_clock` is real time, always; `monotonic`, `uniform` and `breaker` are
    there to be replaced. The state of `breaker` says whether calls go out. In production the caller gives
    `wire.BACKUP_URL` as `backup_address`. Raises Misconfigured for a public key or an address that cannot be used.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        merchant: Merchant,
        *,
        public_key_id: str | None = None,
        public_key_pem: str | None = None,
        address: str = PRODUCTION_URL,
        backup_address: str | None = None,
        deadline: float = 2.5,
        wire_clock: Clock = wire_clock,
        monotonic: Callable[[], float] = time.monotonic,
        random_text: Callable[[], str] = random_nonce,
        uniform: Callable[[float, float], float] = random.uniform,
        breaker: Breaker | None = None,
        bill_limits: BillLimits = BillLimits(),  # noqa: B008  (frozen: nobody changes it)
    ) -> None:
        self.merchant = merchant
        self.key_ring = KeyRing(
            self._fetch_certificates,
            wire_clock,
            public_key_id=public_key_id,
            public_key_pem=public_key_pem,
            monotonic=monotonic,
        )
        self._clock = wire_clock
        self._deadline = deadline
        self._signer = Signer(merchant, wire_clock, random_text)
        self._verifier = Verifier(self.key_ring, wire_clock)
        self._notices = NoticeReader(self.key_ring, merchant.apiv3_keys, wire_clock)
        self.breaker = breaker or Breaker("WeChat Pay", monotonic=monotonic)
        hosts = Hosts(address, backup_address, monotonic=monotonic)
        budget = RetryBudget(monotonic=monotonic, uniform=uniform)
        sender = Sender(http, self._signer, self.breaker, hosts, budget, public_key_id=public_key_id, deadline=deadline)
        self._bills = BillFetching(http, self._signer, address, bill_limits)
        self._wire = Wire(sender, self.breaker, monotonic=monotonic)

    @property
    def longest_call(self) -> float:
        """Seconds after which nothing of a call is sent any more: the first keys and the call, each after its queue."""
        return 2 * (WAIT_SECONDS + self._deadline)

    async def prepay(self, body: bytes) -> str:
        """Create the order of `prepay_body`, whose bytes are sent as they are; the prepay_id, good for two hours."""
        return await self._call(Call("POST", JSAPI, JSAPI, body), _prepay_id)

    async def query(self, out_trade_no: str) -> Transaction:
        """The order of this number, in whatever state; raises OrderNotFound where WeChat has none."""
        found = await self._query(BY_OUT_TRADE_NO, "out_trade_no", out_trade_no)
        _require_same(BY_OUT_TRADE_NO, found.out_trade_no, out_trade_no)
        return found

    async def query_transaction(self, transaction_id: str) -> Transaction:
        """The paid order that WeChat calls so."""
        found = await self._query(BY_TRANSACTION_ID, "transaction_id", transaction_id)
        _require_same(BY_TRANSACTION_ID, found.transaction_id, transaction_id)
        return found

    async def close(self, out_trade_no: str) -> None:
        """Close an unpaid order; closing it again succeeds. Raises OrderPaid, and UserPaying at the wrong moment."""
        target = _filled(CLOSE, "out_trade_no", out_trade_no)
        body = encode_json({"mchid": self.merchant.mchid})
        await self._call(Call("POST", CLOSE, target, body), partial(expect_nothing, CLOSE))

    async def refund(self, body: bytes) -> RefundAnswer:
        """Ask for the refund of `refund_body`, whose bytes are sent as they are; the answer says only: accepted."""
        return await self._call(Call("POST", REFUNDS, REFUNDS, body), partial(_refund, REFUNDS))

    async def query_refund(self, out_refund_no: str) -> RefundAnswer:
        """The refund of this number; raises RefundNotFound where WeChat has none."""
        call = Call("GET", REFUND, _filled(REFUND, "out_refund_no", out_refund_no))
        found = await self._call(call, partial(_refund, REFUND))
        _require_same(REFUND, found.out_refund_no, out_refund_no)
        return found

    async def trade_bill(self, bill_date: date, *, gzip: bool = True) -> TradeBill:
        """The bill of a day in China, payments and refunds, for the caller to close; its download has its own bounds.

        Raises NoStatement, StatementCreating; BillBroken, an Unavailable, where there is nothing to compare with.
        """
        return await self._bill(bill_date, BillType.ALL, gzip=gzip)

    async def recharge_refund_bill(self, bill_date: date, *, gzip: bool = True) -> TradeBill:
        """As `trade_bill`: the refunds that it leaves out, made in the console out of the available balance."""
        return await self._bill(bill_date, BillType.RECHARGE_REFUND, gzip=gzip)

    async def payment_params(self, appid: str, prepay_id: str) -> PaymentParams:
        """What wx.requestPayment of the mini program `appid` takes, signed now."""
        return await self._signer.sign_payment(appid, prepay_id)

    async def open_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """The notice in `body`, which is as it came, its length bounded by the caller. Raises a NoticeRefused."""
        return self._notices.open(headers, body)

    async def refresh_certificates(self) -> None:
        """Fetch the platform certificates; raises an Unavailable or a PayRefused."""
        await self.key_ring.refresh()

    async def aclose(self) -> None:
        """Let a fetch of certificates under way end; nothing is fetched afterwards."""
        await self.key_ring.aclose()

    async def _bill(self, bill_date: date, bill_type: BillType, *, gzip: bool) -> TradeBill:
        with named_refusals():
            ticket = await self._call(bill_call(bill_date, bill_type, gzip=gzip), read_ticket)
        return await self._bills.fetch(ticket, bill_date)

    async def _query(self, path: str, name: str, number: str) -> Transaction:
        target = f"{_filled(path, name, number)}?mchid={quote(self.merchant.mchid, safe='')}"
        return await self._call(Call("GET", path, target), partial(_transaction, path))

    async def _call(self, call: Call, read: Callable[[Answer], T]) -> T:
        if self.key_ring.is_empty:
            await self._fetch_first_keys(call.path)
        return await self._wire.call(call, partial(self._verifier.check, call.path), read)

    async def _fetch_first_keys(self, path: str) -> None:
        """Without any key the answer could not be verified, and what was done would be unknown."""
        try:
            await self.key_ring.refresh()
        except (PayMisconfigured, CircuitOpen):
            raise
        except WeChatError:
            failure = Unreachable(path, "not sent: the certificates are missing")
        else:
            return
        raise failure

    async def _fetch_certificates(self) -> list[Certificate]:
        try:
            # Verified while it is read: the keys to do it with may stand in it.
            call = Call("GET", CERTIFICATES, CERTIFICATES)
            return await self._wire.call(call, lambda _: None, self._certificates)
        except PayRefused as error:
            if error.code != _RESOURCE_NOT_EXISTS:
                raise
            code, status, rid = error.code, error.status, error.rid
        # A merchant of the newer kind: WeChat signs with its public key alone.
        if self.key_ring.has_public_key:
            return []
        raise PayMisconfigured(CERTIFICATES, advice=_NO_CERTIFICATES, code=code, status=status, rid=rid)

    def _certificates(self, answer: Answer) -> list[Certificate]:
        """Those of the answer, which may be signed by one of them: it can be what brings a new one."""
        found = read_certificates(answer.body, self.merchant.apiv3_keys, self._clock())
        self._verifier.check(CERTIFICATES, answer, delivered=found)
        if not found:
            raise Unreadable(CERTIFICATES, "no certificate that opens and is valid", rid=rid_of(answer))
        return found


def _prepay_id(answer: Answer) -> str:
    return required_text(JSAPI, content_of(JSAPI, answer), "prepay_id", longest=_LONGEST_PREPAY_ID)


def _transaction(path: str, answer: Answer) -> Transaction:
    return read_transaction(path, content_of(path, answer))


def _refund(path: str, answer: Answer) -> RefundAnswer:
    return read_refund(path, content_of(path, answer))


def _require_same(path: str, answered: str | None, asked: str) -> None:
    """A signature does not say to which question it is the answer."""
    if answered is not None and answered != asked:
        raise Unreadable(path, "an answer about another number")


def _filled(path: str, name: str, number: str) -> str:
    return path.replace(f"{{{name}}}", quote(checked_number(path, name, number), safe=""))
