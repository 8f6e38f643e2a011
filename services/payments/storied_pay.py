"""The wire to WeChat Pay with a story: whatever is asked about an order is written down with how it ended."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta

from domain.stories import Told
from services.payments.story import Story
from wechat.errors import CircuitOpen, Crowded, Unreadable, WeChatError
from wechat.pay.bill_file import TradeBill
from wechat.pay.client import Pay
from wechat.pay.merchant import Merchant
from wechat.pay.notices import Notice
from wechat.pay.results import PaymentParams, RefundAnswer, Transaction

Write = Callable[[str, Told, str], None]


class StoriedPay:
    """As `wechat.pay.client.Pay`, for the calls that orders and refunds make."""

    def __init__(self, pay: Pay, story: Story) -> None:
        self._pay = pay
        self._story = story

    @property
    def merchant(self) -> Merchant:
        """Whose account it is."""
        return self._pay.merchant

    @property
    def longest_call(self) -> timedelta:
        """So long after it was begun, nothing of a call is sent any more."""
        return timedelta(seconds=self._pay.longest_call)

    @property
    def untold(self) -> Pay:
        """The same wire without a story, for who may change nothing here."""
        return self._pay

    async def prepay(self, number: str, body: bytes) -> str:
        """The prepay_id for the stored bytes of the order `number`."""
        with self._told(self._story.of_order, number, Told.PREPAY) as ended:
            prepay_id = await self._pay.prepay(body)
            ended("prepay_id")
        return prepay_id

    async def query(self, number: str) -> Transaction:
        """The order as WeChat has it."""
        with self._told(self._story.of_order, number, Told.QUERY) as ended:
            answer = await self._pay.query(number)
            ended(answer.trade_state)
        return answer

    async def close(self, number: str) -> None:
        """Closed at WeChat."""
        with self._told(self._story.of_order, number, Told.CLOSE) as ended:
            await self._pay.close(number)
            ended("closed")

    async def refund(self, number: str, body: bytes) -> RefundAnswer:
        """The answer to the stored bytes of the refund `number`."""
        with self._told(self._story.of_refund, number, Told.REFUND) as ended:
            answer = await self._pay.refund(body)
            if answer.out_refund_no != number:
                raise Unreadable("refund", "an answer about another number")
            ended(answer.status)
        return answer

    async def query_refund(self, number: str) -> RefundAnswer:
        """The refund as WeChat has it."""
        with self._told(self._story.of_refund, number, Told.REFUND_QUERY) as ended:
            answer = await self._pay.query_refund(number)
            ended(answer.status)
        return answer

    async def query_transaction(self, transaction_id: str) -> Transaction:
        """The paid order that WeChat calls so."""
        return await self._pay.query_transaction(transaction_id)

    async def trade_bill(self, bill_date: date) -> TradeBill:
        """The bill of a day, packed; about no single order, so that nothing is written."""
        return await self._pay.trade_bill(bill_date)

    async def recharge_refund_bill(self, bill_date: date) -> TradeBill:
        """Its refunds out of the available balance, likewise."""
        return await self._pay.recharge_refund_bill(bill_date)

    async def payment_params(self, appid: str, prepay_id: str) -> PaymentParams:
        """What wx.requestPayment takes."""
        return await self._pay.payment_params(appid, prepay_id)

    async def open_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """A notification, verified and opened."""
        return await self._pay.open_notice(headers, body)

    @contextmanager
    def _told(self, write: Write, number: str, what: Told) -> Iterator[Callable[[str], None]]:
        try:
            yield lambda ending: write(number, what, ending)
        except (CircuitOpen, Crowded):
            raise  # nothing was sent
        except WeChatError as error:
            write(number, what, " ".join(filter(None, [type(error).__name__, error.code])))
            raise
