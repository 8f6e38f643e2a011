"""Rule 4: one key, one order, for ever; a refusal uses up no key."""

from typing import Any

import pytest

from models.catalogue import Product
from tests.orders.asking import calls, calls_since, orders_of
from tests.shop import Buyer, Shop

pytestmark = pytest.mark.anyio


async def change(shop: Shop, product: Product, **values: object) -> None:
    async def write() -> None:
        assert await Product.filter(id=product.id).update(**values) == 1

    await shop.units.run(write)


async def assert_key_is_free(shop: Shop, buyer: Buyer, product: Product, key: str) -> None:
    """Nothing was done with the key, so that even another input takes it."""
    assert (await orders_of(shop, buyer.user_id), await shop.unpaid(buyer)) == ([], 0)
    made = await shop.ordered(buyer, product, key=key, remark="another input")
    assert [order.id for order in await orders_of(shop, buyer.user_id)] == [made["order"]["id"]]


@pytest.mark.parametrize(
    ("typename", "code", "given"),
    [
        ("PriceChanged", "PRICE_CHANGED", {"expectedTotal": 1249}),
        ("OutOfStock", "OUT_OF_STOCK", {"quantity": 4}),
        ("InvalidInput", "INVALID_INPUT", {"quantity": 0}),
        ("InvalidInput", "INVALID_INPUT", {"remark": "\u0000"}),
    ],
)
async def test_rule_04_a_refusal_uses_up_no_key(shop: Shop, typename: str, code: str, given: dict[str, Any]) -> None:
    buyer, tea = await shop.buyer(), await shop.product(1250, stock=3)
    before = await calls(shop)

    result = await shop.create(buyer, tea, key="refused", **given)

    assert (result["__typename"], result["code"], result["recovery"]) == (typename, code, "NONE")
    assert (await shop.stock(tea), await calls_since(shop, before)) == (3, {})
    await assert_key_is_free(shop, buyer, tea, "refused")


async def test_rule_04_what_is_not_for_sale_uses_up_no_key(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product()
    await change(shop, tea, for_sale=False)

    result = await shop.create(buyer, tea, key="refused")

    assert (result["__typename"], result["productId"]) == ("ProductUnavailable", tea.id)
    await change(shop, tea, for_sale=True)
    await assert_key_is_free(shop, buyer, tea, "refused")


async def test_rule_04_the_limit_uses_up_no_key(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=30)
    made = [await shop.ordered(buyer, tea) for _ in range(20)]

    refused = await shop.create(buyer, tea, key="one too many")
    repeated = await shop.create(buyer, tea, key="one too many")

    assert (refused["__typename"], refused["code"]) == ("Refusal", "TOO_MANY_UNPAID_ORDERS")
    assert repeated == refused
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (10, 20)
    assert (await shop.cancel(buyer, made[0]["order"]["id"]))["order"]["status"] == "CLOSED"
    assert (await shop.ordered(buyer, tea, key="one too many"))["order"]["status"] == "PENDING"


async def test_rule_04_repeats_give_the_equal_order_whatever_became_of_price_stock_and_limit(shop: Shop) -> None:
    # given
    buyer, tea, plenty = await shop.buyer(), await shop.product(1250, stock=1), await shop.product(1)
    first = await shop.ordered(buyer, tea, key="k", expectedTotal=1250, remark=" 少糖 ")
    # when
    await change(shop, tea, price=9999, stock=0)
    for _ in range(19):
        await shop.ordered(buyer, plenty)
    repeats = [
        await shop.ordered(buyer, tea, key="k", remark="少糖"),
        await shop.ordered(buyer, tea, key=" k ", remark="少糖", expectedTotal=1),
    ]
    # then
    for repeat in repeats:
        assert repeat["order"] == first["order"]
        assert repeat["paymentParams"]["package"] == first["paymentParams"]["package"]
        assert repeat["paymentParams"]["nonceStr"] != first["paymentParams"]["nonceStr"]
        assert await shop.phone(buyer, repeat["paymentParams"], "cancel") == "requestPayment:fail cancel"
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (0, 20)


async def test_rule_04_lines_in_another_form_are_the_same_input(shop: Shop) -> None:
    buyer, tea, cup = await shop.buyer(), await shop.product(), await shop.product()

    first = await shop.ordered(buyer, tea, cup, tea, key="k")
    again = await shop.ordered(buyer, cup, tea, tea, key="k")

    assert again["order"] == first["order"]
    assert [line["quantity"] for line in first["order"]["items"]] == [2, 1]


async def test_rule_04_another_input_is_a_conflict_before_and_after_the_payment(shop: Shop) -> None:
    buyer, tea, cup = await shop.buyer(), await shop.product(stock=9), await shop.product()
    order = await shop.paid(buyer, tea, key="paid", remark="a")
    await shop.ordered(buyer, tea, key="open", remark="a")

    for key in ("paid", "open"):
        for result in (
            await shop.create(buyer, tea, key=key, remark="b"),
            await shop.create(buyer, tea, key=key),
            await shop.create(buyer, tea, key=key, quantity=2, remark="a"),
            await shop.create(buyer, cup, key=key, remark="a"),
            await shop.create(buyer, tea, cup, key=key, remark="a"),
        ):
            assert (result["__typename"], result["code"]) == ("Refusal", "IDEMPOTENCY_CONFLICT")
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (7, 1)
    assert await shop.show(buyer, order["id"]) == order


@pytest.mark.parametrize("end", ["PAID", "CLOSED"])
async def test_rule_04_the_key_of_an_order_that_is_over_answers_with_it_for_ever(shop: Shop, end: str) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea, key="k")
    if end == "PAID":
        await shop.phone(buyer, made["paymentParams"])
        await shop.delivered()
    else:
        await shop.cancel(buyer, made["order"]["id"])
    order, stock, before = await shop.show(buyer, made["order"]["id"]), await shop.stock(tea), await calls(shop)

    results = [await shop.create(buyer, tea, key="k", expectedTotal=7) for _ in range(2)]

    for result in results:
        assert (result["__typename"], result["code"]) == ("OrderProblem", "ORDER_NOT_PAYABLE")
        assert result["order"] == order
    assert (order["status"], order["canPay"], order["canCancel"]) == (end, False, False)
    assert (await shop.stock(tea), await calls_since(shop, before)) == (stock, {})
    assert len(await orders_of(shop, buyer.user_id)) == 1


async def test_rule_04_a_key_is_its_users_own(shop: Shop) -> None:
    one, two, tea = await shop.buyer(), await shop.buyer(), await shop.product()

    first, second = await shop.ordered(one, tea, key="k"), await shop.ordered(two, tea, key="k")

    assert first["order"]["id"] != second["order"]["id"]
    assert first["order"]["number"] != second["order"]["number"]
