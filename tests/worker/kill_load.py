"""The load under which processes are killed: people buy, pay, cancel and are refunded, and try again when cut off."""

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.shop import CANCEL, CREATE, PAY, REFUND, SHOW, SYNC
from tests.world import LOGIN

_PAUSE = 0.05
PRICE = 1250
AGAIN = {"UNAVAILABLE", "WECHAT_UNAVAILABLE"}
"""Answers after which the same is asked again."""


@dataclass
class Person:
    """Somebody who is signed in."""

    openid: str
    token: str
    user_id: str


@dataclass
class Wish:
    """One thing that a person wants, under one key, until there is a definite answer; `order_id` once it is known."""

    buyer: Person
    key: str
    quantity: int
    after: str
    order_id: str | None = None
    refunds: list[int | None] = field(default_factory=list)


class CutOffError(Exception):
    """There is no server any more."""


@dataclass
class Shoppers:
    """What the phones do; `acknowledged` is what the server promised: (what, key or order) of each success."""

    server: httpx.AsyncClient
    sandbox: httpx.AsyncClient
    chance: random.Random
    product_id: str = ""
    operator: Person | None = None
    wishes: list[Wish] = field(default_factory=list)
    acknowledged: set[tuple[str, str]] = field(default_factory=set)

    async def control(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> dict[str, Any]:
        """The sandbox's remote control."""
        answer = await self.sandbox.request(method, f"/_sandbox/{path}", json=body or {})
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content

    async def person(self) -> Person:
        """Somebody new, signed in."""
        code = await self.control("wx/login")
        answer = await self._post(LOGIN, "", {"code": code["code"]})
        signed_in = answer["login"]
        return Person(code["openid"], signed_in["token"], signed_in["user"]["id"])

    async def shop(self, people: list[Person], wishes: int) -> None:
        """Everybody at once, until all is done or the server is gone."""
        for number in range(wishes):
            after = self.chance.choice(["pay", "pay", "pay", "refund", "refund", "cancel", "sync", "leave"])
            wish = Wish(people[number % len(people)], f"key-{number}", self.chance.randint(1, 3), after)
            self.wishes.append(wish)
        await asyncio.gather(*(self._guarded(self._follow(wish)) for wish in self.wishes))

    async def finish(self) -> None:
        """The same once more, under the same keys, from a server that is there again."""
        for wish in self.wishes:
            await self._follow(wish)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except CutOffError:
            return

    async def _follow(self, wish: Wish) -> None:
        items = [{"productId": self.product_id, "quantity": wish.quantity}]
        made = await self._ask(wish.buyer, CREATE, input={"items": items, "idempotencyKey": wish.key})
        if "order" not in made:
            return
        wish.order_id = made["order"]["id"]
        self.acknowledged.add(("order", f"{wish.buyer.user_id} {wish.key}"))
        params = made.get("paymentParams")
        if wish.after in ("pay", "refund") and params is not None:
            if self.chance.random() < 0.3:
                params = (await self._ask(wish.buyer, PAY, id=wish.order_id)).get("paymentParams", params)
            _ = await self.control("wx/requestPayment", {"openid": wish.buyer.openid, **params})
        if wish.after == "cancel":
            done = await self._ask(wish.buyer, CANCEL, id=wish.order_id)
            if done["__typename"] == "CancelOrderSuccess":
                self.acknowledged.add(("closed", wish.order_id))
        if wish.after in ("sync", "refund"):
            done = await self._ask(wish.buyer, SYNC, id=wish.order_id)
            if done["order"]["status"] == "PAID":
                self.acknowledged.add(("paid", wish.order_id))
        if wish.after == "refund":
            await self._refund(wish)

    async def _refund(self, wish: Wish) -> None:
        """A part and then the rest, each under its key."""
        assert self.operator is not None
        if not wish.refunds:
            wish.refunds = [self.chance.randint(1, PRICE), None][: self.chance.randint(1, 2)]
        for number, amount in enumerate(wish.refunds):
            wanted = {"orderId": wish.order_id, "amount": amount, "idempotencyKey": f"refund-{number}"}
            done = await self._ask(self.operator, REFUND, input=wanted)
            if done["__typename"] == "RefundOrderSuccess":
                self.acknowledged.add(("refund", f"{wish.order_id} refund-{number}"))

    async def show(self, wish: Wish) -> dict[str, Any]:
        """The order as its buyer sees it."""
        return await self._ask(wish.buyer, SHOW, id=wish.order_id)

    async def _ask(self, person: Person, document: str, **variables: Any) -> dict[str, Any]:
        """Asked again until the answer is definite, ten times at most."""
        for _ in range(10):
            data = await self._post(document, person.token, variables)
            [result] = data.values()
            if isinstance(result, dict) and result.get("code") not in AGAIN:
                return result
            await asyncio.sleep(_PAUSE)
        return {"__typename": "", "order": {"status": ""}} if "createOrder" not in document else {"__typename": ""}

    async def _post(self, document: str, token: str, variables: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = await self.server.post(
                "/graphql", json={"query": document, "variables": variables}, headers=headers
            )
        except httpx.TransportError:
            raise CutOffError from None
        content: dict[str, Any] = answer.json().get("data") or {"none": None}
        return content
