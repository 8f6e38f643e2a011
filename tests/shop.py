"""A world that sells: the server listens on a socket, so that the sandbox's notifications reach it."""

import asyncio
import itertools
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from domain.ids import Prefix, new_id
from models.accounts import User
from models.catalogue import Product
from models.incidents import Incident
from models.ledger import LedgerEntry
from models.orders import Order
from models.payments import Payment, Refund
from sandbox.server import create_server, running
from server.app import Application
from tests import canaries
from tests.audits import audited
from tests.world import World, make_settings, secrets_of

ORDER = """
fragment order on Order {
  id number status remark canPay canCancel onHold createdAt expiresAt paidAt closedAt
  total { amount currency display } refunded { amount }
  items { title quantity unitPrice { amount } subtotal { amount } product { id } }
  payment { tradeState transactionId paidAt }
  refunds { id status amount { amount } reason completedAt }
}
"""
_PROBLEM = """
    ... on Problem { code message recovery }
    ... on InvalidInput { field issues { field message } }
    ... on WeChatProblem { errcode }
"""
_ORDER_PROBLEM = _PROBLEM + "... on OrderProblem { order { ...order } }"
_PARAMS = "paymentParams { timeStamp nonceStr package signType paySign }"
CREATE = f"""mutation ($input: CreateOrderInput!) {{ createOrder(input: $input) {{ __typename
    ... on CreateOrderSuccess {{ order {{ ...order }} {_PARAMS} }} {_ORDER_PROBLEM}
    ... on PriceChanged {{ total {{ amount }} }}
    ... on ProductUnavailable {{ productId }}
    ... on OutOfStock {{ product {{ id }} available }}
}} }} {ORDER}"""
PAY = f"""mutation ($id: ID!) {{ payOrder(orderId: $id) {{ __typename
    ... on PayOrderSuccess {{ order {{ ...order }} {_PARAMS} }} {_ORDER_PROBLEM} }} }} {ORDER}"""
SYNC = f"""mutation ($id: ID!) {{ syncOrder(orderId: $id) {{ __typename
    ... on SyncOrderSuccess {{ order {{ ...order }} }} {_PROBLEM} }} }} {ORDER}"""
CANCEL = f"""mutation ($id: ID!) {{ cancelOrder(orderId: $id) {{ __typename
    ... on CancelOrderSuccess {{ order {{ ...order }} }} {_ORDER_PROBLEM} }} }} {ORDER}"""
REFUND = f"""mutation ($input: RefundOrderInput!) {{ refundOrder(input: $input) {{ __typename
    ... on RefundOrderSuccess {{ refund {{ id status amount {{ amount }} reason }} order {{ ...order }} }}
    {_ORDER_PROBLEM} }} }} {ORDER}"""
SHOW = f"query ($id: ID!) {{ order(id: $id) {{ ...order }} }} {ORDER}"

PREPAY_PATH = "/v3/pay/transactions/jsapi"
QUERY_PATH = "/v3/pay/transactions/out-trade-no/{out_trade_no}"
CLOSE_PATH = "/v3/pay/transactions/out-trade-no/{out_trade_no}/close"
REFUND_PATH = "/v3/refund/domestic/refunds"
REFUND_QUERY_PATH = "/v3/refund/domestic/refunds/{out_refund_no}"

_keys = itertools.count(1)


@dataclass
class Buyer:
    """Somebody who is signed in."""

    openid: str
    token: str
    user_id: str


@dataclass
class Shop(World):
    """Buyers, goods and what an applet does with them; a result is the member of the mutation's union."""

    url: str = ""
    products: list[Product] = field(default_factory=list)

    async def buyer(self, appid: str | None = None, **given: Any) -> Buyer:
        openid = await self.person(**({"appid": appid} if appid else {}), **given)
        signed_in = await self.sign_in(openid, appid)
        return Buyer(openid, signed_in["token"], signed_in["user"]["id"])

    async def operator(self) -> Buyer:
        buyer = await self.buyer()

        async def promote() -> None:
            assert await User.filter(id=buyer.user_id).update(is_operator=True) == 1

        await self.units.run(promote)
        return buyer

    async def product(self, price: int = 1250, stock: int | None = None, title: str = "茶") -> Product:
        now = datetime.now(UTC)

        async def insert() -> Product:
            return await Product.create(
                id=new_id(Prefix.PRODUCT, now), title=title, price=price, stock=stock, created_at=now
            )

        made = await self.units.run(insert)
        self.products.append(made)
        return made

    async def mutate(self, document: str, buyer: Buyer, variables: dict[str, Any]) -> dict[str, Any]:
        answer = await self.ask(document, buyer.token, variables)
        assert "errors" not in answer, answer
        [result] = answer["data"].values()
        assert isinstance(result, dict)
        return result

    async def create(
        self, buyer: Buyer, *products: Product, quantity: int = 1, key: str | None = None, **given: Any
    ) -> dict[str, Any]:
        items = [{"productId": product.id, "quantity": quantity} for product in products]
        wanted = {"items": items, "idempotencyKey": key or f"key-{next(_keys)}", **given}
        return await self.mutate(CREATE, buyer, {"input": wanted})

    async def ordered(self, buyer: Buyer, *products: Product, **given: Any) -> dict[str, Any]:
        """A createOrder that succeeds: order and paymentParams."""
        result = await self.create(buyer, *products, **given)
        assert result["__typename"] == "CreateOrderSuccess", result
        return result

    async def pay(self, buyer: Buyer, order_id: str) -> dict[str, Any]:
        return await self.mutate(PAY, buyer, {"id": order_id})

    async def sync(self, buyer: Buyer, order_id: str) -> dict[str, Any]:
        return await self.mutate(SYNC, buyer, {"id": order_id})

    async def cancel(self, buyer: Buyer, order_id: str) -> dict[str, Any]:
        return await self.mutate(CANCEL, buyer, {"id": order_id})

    async def refund(
        self, operator: Buyer, order_id: str, amount: int | None = None, key: str | None = None, **given: Any
    ) -> dict[str, Any]:
        wanted = {"orderId": order_id, "amount": amount, "idempotencyKey": key or f"key-{next(_keys)}", **given}
        return await self.mutate(REFUND, operator, {"input": wanted})

    async def show(self, buyer: Buyer, order_id: str) -> dict[str, Any]:
        return await self.mutate(SHOW, buyer, {"id": order_id})

    async def phone(self, buyer: Buyer, params: dict[str, str], outcome: str = "ok") -> str:
        """What wx.requestPayment answers."""
        answer = await self.order("wx/requestPayment", {"openid": buyer.openid, **params, "outcome": outcome})
        return str(answer["errMsg"])

    async def delivered(self) -> None:
        """Every notification that is due was answered."""
        assert (await self.order("notifications/wait", {"seconds": 30}))["idle"]

    async def paid(self, buyer: Buyer, *products: Product, **given: Any) -> dict[str, Any]:
        """An order that was bought and paid, its notification delivered: the order as the buyer sees it."""
        made = await self.ordered(buyer, *products, **given)
        assert await self.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
        await self.delivered()
        order = await self.show(buyer, made["order"]["id"])
        assert order["status"] == "PAID", order
        return order

    async def notifications(self, mode: str) -> None:
        await self.order("faults", {"faults": [], "notifications": mode}, "PUT")

    async def switch(self, **switches: Any) -> None:
        await self.order("switches", switches, "PUT")

    async def state(self) -> dict[str, Any]:
        return await self.order("state", method="GET")

    async def at_wechat(self, number: str) -> dict[str, Any]:
        """The sandbox's own view of an order."""
        return next(order for order in (await self.state())["orders"] if order["outTradeNo"] == number)

    async def stock(self, product: Product) -> int | None:
        return (await self.read(lambda: Product.get(id=product.id))).stock

    async def row(self, order_id: str) -> Order:
        return await self.read(lambda: Order.get(id=order_id))

    async def unpaid(self, buyer: Buyer) -> int:
        return (await self.read(lambda: User.get(id=buyer.user_id))).unpaid_orders

    async def incidents(self) -> list[str]:
        async def kinds() -> list[str]:
            return sorted([incident.kind for incident in await Incident.all()])

        return await self.read(kinds)

    async def ledger(self, order_id: str) -> list[int]:
        """Amounts in the order of their booking."""

        async def amounts() -> list[int]:
            return [entry.amount for entry in await LedgerEntry.filter(order_id=order_id).order_by("id")]

        return await self.read(amounts)

    async def payments(self, order_id: str) -> list[Payment]:
        async def found() -> list[Payment]:
            return await Payment.filter(order_id=order_id).order_by("id")

        return await self.read(found)

    async def refund_rows(self, order_id: str) -> list[Refund]:
        async def found() -> list[Refund]:
            return await Refund.filter(order_id=order_id).order_by("id")

        return await self.read(found)

    async def assert_sound(self) -> None:
        """The books of this server agree with themselves, for every order."""
        found = await audited(self.units)
        assert found == [], found


def merchant_settings(merchant: Any, folder: Path) -> dict[str, Any]:
    """The sandbox's merchant as settings, with its keys in files of the folder."""
    key_file, public_key_file = folder / "apiclient_key.pem", folder / "pub_key.pem"
    key_file.write_text(merchant.private_key_pem)
    public_key_file.write_text(merchant.public_key_pem)
    canaries.add(merchant.apiv3_key)
    return {
        "mchid": merchant.mchid,
        "mch_serial": merchant.serial,
        "mch_key_file": key_file,
        "apiv3_key": merchant.apiv3_key,
        "pay_public_key_id": merchant.public_key_id,
        "pay_public_key_file": public_key_file,
    }


@asynccontextmanager
async def open_shop(database_url: str, **given: Any) -> AsyncIterator[Shop]:
    """A server on a database and a sandbox of its own, reached by both sides; `given` are settings."""
    with tempfile.TemporaryDirectory(prefix="appletql-merchant-") as folder, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with running(create_server(port=0, embedded=True), abruptly=True) as sandbox:
            pay = {"pay_api_url": sandbox.url, **merchant_settings(sandbox.wechat.pay.merchant, Path(folder))}
            application = Application(make_settings(database_url, sandbox, **({"public_url": url} | pay | given)))
            async with (
                application.router.lifespan_context(application),
                listen(application, listening),
                httpx.AsyncClient(base_url=url, transport=httpx.ASGITransport(application), timeout=30) as api,
                httpx.AsyncClient(base_url=sandbox.url, timeout=60, verify=False) as control,  # noqa: S501  (plain HTTP)
            ):
                yield Shop(application, sandbox, api, control, database_url, url)
                canaries.add(*secrets_of(sandbox))


@asynccontextmanager
async def listen(application: Application, listening: socket.socket) -> AsyncIterator[None]:
    """The started application on a socket, in this event loop; uvicorn's own loop would look ten times a second."""
    config = uvicorn.Config(application, lifespan="off", log_config=None, ws="none")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listening])
    try:
        yield
    finally:
        for listener in server.servers:
            listener.close()
        for connection in server.server_state.connections:
            connection.transport.abort()
        await asyncio.gather(*server.server_state.tasks, return_exceptions=True)
