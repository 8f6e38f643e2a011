"""The refund requests that a server sends, byte by byte, and one order after another to refund."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from models.incidents import Incident
from models.payments import Payment, Refund
from services.payments.resolving import Noting
from tests.orders.asking import forget_failures
from tests.orders.steps import pass_time
from tests.shop import REFUND, REFUND_PATH, Buyer, Shop
from tests.world import error_codes

SUCCESS = "RefundOrderSuccess"
A_MINUTE_LATER = 66
"""Seconds: WeChat allows one request a minute, this server leaves five seconds more."""


@dataclass
class Desk:
    """An operator who refunds, a buyer who paid; `sent` are the bodies of all requests for refunds, in their order.

    `before` is called when one arrives, before WeChat looks at it.
    """

    shop: Shop
    operator: Buyer
    buyer: Buyer
    sent: list[bytes] = field(default_factory=list)
    before: Callable[[bytes], Awaitable[None]] | None = None

    @classmethod
    async def open(cls, shop: Shop) -> "Desk":
        """In a shop that sold nothing yet: WeChat Pay's connections are listened to from the first one on."""
        desk = cls(shop, await shop.operator(), await shop.buyer())
        desk._listen()
        return desk

    def _listen(self) -> None:
        config = self.shop.sandbox.config
        wechat = config.loaded_app

        async def heard(scope: Scope, receive: Receive, send: Send) -> None:
            if (scope.get("method"), scope.get("path")) != ("POST", REFUND_PATH):
                await wechat(scope, receive, send)
                return
            body = await Request(scope, receive).body()
            self.sent.append(body)
            if self.before is not None:
                await self.before(body)
            whole = [{"type": "http.request", "body": body, "more_body": False}]

            async def again() -> Message:
                return whole.pop() if whole else await receive()

            await wechat(scope, again, send)

        config.loaded_app = heard

    async def meets(self, fault: str, path: str = REFUND_PATH, times: int = 1) -> None:
        """What goes wrong next; no number of faults opens a circuit here."""
        forget_failures(self.shop)
        await self.shop.fault(fault, path, times)

    async def paid(self, total: int = 1250, **product: Any) -> str:
        """The id of an order of so many fen that was paid."""
        order = await self.shop.paid(self.buyer, await self.shop.product(total, **product))
        return str(order["id"])

    async def refund(self, order_id: str, amount: int | None = None, key: str = "key", **given: Any) -> dict[str, Any]:
        """A refundOrder that succeeds."""
        result = await self.shop.refund(self.operator, order_id, amount, key, **given)
        assert result["__typename"] == SUCCESS, result
        return result

    async def insists(self, order_id: str, amount: int, key: str) -> dict[str, Any]:
        """What refundOrder answers, sent again with the same key while the database is too busy to say."""
        wanted = {"orderId": order_id, "amount": amount, "idempotencyKey": key}
        while True:
            answer = await self.shop.ask(REFUND, self.operator.token, {"input": wanted})
            if error_codes(answer) != ["UNAVAILABLE"]:
                result: dict[str, Any] = answer["data"]["refundOrder"]
                return result

    async def refused(self, order_id: str, amount: int | None = None, key: str = "key", **given: Any) -> str:
        """The code of a refundOrder that does not, which changes nothing."""
        before = await self.books(order_id)
        result = await self.shop.refund(self.operator, order_id, amount, key, **given)
        assert result["__typename"] != SUCCESS, result
        assert await self.books(order_id) == before
        return str(result["code"])

    async def sync(self, order_id: str) -> dict[str, Any]:
        """A syncOrder that succeeds: the order."""
        result = await self.shop.sync(self.buyer, order_id)
        assert result["__typename"] == "SyncOrderSuccess", result
        order: dict[str, Any] = result["order"]
        return order

    async def payment(self, order_id: str) -> Payment:
        [payment] = await self.shop.payments(order_id)
        return payment

    async def claims(self, order_id: str) -> tuple[int, int, int]:
        """What is reserved, in how many parts, and what went back."""
        payment = await self.payment(order_id)
        return payment.reserved, payment.parts, payment.refunded

    async def statuses(self, order_id: str) -> list[str]:
        return [refund.status for refund in await self.shop.refund_rows(order_id)]

    async def row(self, order_id: str) -> Refund:
        [refund] = await self.shop.refund_rows(order_id)
        return refund

    async def books(self, order_id: str) -> list[Any]:
        """Everything that a refund changes."""
        payments = await self.shop.payments(order_id)
        claims = [(it.reserved, it.parts, it.refunded) for it in payments]
        return [claims, await self.statuses(order_id), await self.shop.ledger(order_id), len(self.sent)]

    async def passes(self, seconds: float) -> None:
        """Time, and every notification that is due by then."""
        await pass_time(self.shop, seconds)
        await self.shop.delivered()

    async def incidents(self) -> list[tuple[str, str]]:
        """Kind and subject of each."""

        async def found() -> list[tuple[str, str]]:
            return sorted([(incident.kind, incident.subject) for incident in await Incident.all()])

        return await self.shop.read(found)

    async def note_incidents(self) -> None:
        """The operator has seen every one."""

        async def waiting() -> list[str]:
            return [incident.id for incident in await Incident.filter(resolved_at=None)]

        noting = Noting(self.shop.units, self.shop.application.process.clock)
        for incident_id in await self.shop.read(waiting):
            await noting.note(incident_id, "seen")

    def at_wechat(self) -> dict[str, tuple[int, str]]:
        """Amount and status of each refund of WeChat's, by number."""
        refunds = self.shop.sandbox.wechat.state.refunds.values()
        return {refund.out_refund_no: (refund.amount, refund.status) for refund in refunds}
