"""What lasts is told again once it was noted and still holds; not before, and not twice."""

from collections.abc import Awaitable, Callable

import pytest

from models.incidents import Incident
from services.payments.resolving import Noting
from tests.orders.asking import forget_failures
from tests.orders.notices import post, seal, told
from tests.orders.test_refunds_elsewhere import given_back_in_the_console
from tests.shop import REFUND_PATH, REFUND_QUERY_PATH, Shop, open_shop
from tests.worker.sweeping import sweep

pytestmark = pytest.mark.anyio

Meet = Callable[[], Awaitable[None]]


async def stuck(shop: Shop) -> Meet:
    """A refund that WeChat does not take for hours."""
    order = await shop.paid(await shop.buyer(), await shop.product())
    faults = [{"path": path, "fault": "code:PARAM_ERROR", "times": 1000} for path in (REFUND_QUERY_PATH,)]
    faults.append({"path": REFUND_PATH, "fault": "reset-after", "times": 1000})
    await shop.order("faults", {"faults": faults, "notifications": "drop"}, "PUT")
    _ = await shop.refund(await shop.operator(), order["id"], 100)

    async def meet() -> None:
        await shop.advance(4000)
        forget_failures(shop)
        _ = await sweep(shop)

    return meet


async def missing(shop: Shop) -> Meet:
    """An order that WeChat forgot."""
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product()))["order"]
    del shop.sandbox.wechat.state.orders[order["number"]]

    async def meet() -> None:
        await shop.advance(3)
        _ = await shop.sync(buyer, order["id"])

    return meet


async def too_much(shop: Shop) -> Meet:
    """A refund of the console for which there is no room yet."""
    order = await shop.paid(await shop.buyer(), await shop.product())
    await shop.fault("http:500", REFUND_PATH)
    _ = await shop.refund(await shop.operator(), order["id"], 1000)
    _ = await given_back_in_the_console(shop, order["number"], 1250)
    notice = told(shop, order["number"], "REFUND.SUCCESS")

    async def meet() -> None:
        assert (await post(shop, seal(shop, notice))).status == 500

    return meet


async def unknown(shop: Shop) -> Meet:
    """A refund of the console that stays unknown."""
    buyer = await shop.buyer()
    order = await shop.paid(buyer, await shop.product())
    _ = await given_back_in_the_console(shop, order["number"], 100)

    async def meet() -> None:
        await shop.advance(3)
        _ = await shop.sync(buyer, order["id"])

    return meet


async def abnormal(shop: Shop) -> Meet:
    """A refund that the payer's account does not take."""
    buyer = await shop.buyer()
    order = await shop.paid(buyer, await shop.product())
    await shop.switch(refundOutcome="ABNORMAL")
    _ = await shop.refund(await shop.operator(), order["id"], 100)
    await shop.notifications("drop")

    async def meet() -> None:
        await shop.advance(70)
        _ = await shop.sync(buyer, order["id"])

    return meet


LASTING = {
    "refund_stuck": stuck,
    "order_missing_at_wechat": missing,
    "refund_too_much": too_much,
    "refund_unknown": unknown,
    "refund_abnormal": abnormal,
}


@pytest.mark.parametrize("kind", LASTING)
async def test_24_what_lasts_is_told_again_after_it_was_noted(database_url: str, kind: str) -> None:
    async with open_shop(database_url) as shop:
        meet = await LASTING[kind](shop)
        noting = Noting(shop.units, shop.application.process.clock)

        async def waiting() -> list[str]:
            return [it.id for it in await Incident.filter(kind=kind, resolved_at=None)]

        seen = []
        for _ in range(3):
            for _ in range(2):
                await meet()
            [incident_id] = await shop.read(waiting)
            seen.append(incident_id)
            await noting.note(incident_id, "seen")

        assert len(set(seen)) == 3
        rows = await shop.read(lambda: Incident.filter(kind=kind).values_list("subject", flat=True))
        assert (len(rows), len(set(rows))) == (3, 1)
