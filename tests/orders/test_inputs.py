"""What `createOrder` takes and refuses; nothing happens where it refuses."""

from typing import Any

import pytest

from tests.canaries import add
from tests.orders.asking import calls, calls_since, orders_of
from tests.shop import CANCEL, CREATE, PAY, SYNC, Buyer, Shop
from tests.world import error_codes

pytestmark = pytest.mark.anyio
UNKNOWN = "prd_01k9z8y7x6w5v4t3s2r1q0p9n8"
HOSTILE_IDS = {
    "empty": "",
    "another type": "ord_01k9z8y7x6w5v4t3s2r1q0p9n8",
    "capitals": UNKNOWN.upper(),
    "shorter": UNKNOWN[:-1],
    "longer": f"{UNKNOWN}0",
    "a line break": f"{UNKNOWN}\n",
    "NUL": f"{UNKNOWN[:-1]}\0",
    "SQL": "prd_' OR 1=1 --00000000000000",
    "other digits": "prd_٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥",
    "very long": "prd_" + "0" * 10_000,
}


async def create(shop: Shop, buyer: Buyer, items: list[tuple[str, int]], **given: Any) -> dict[str, Any]:
    lines = [{"productId": product_id, "quantity": quantity} for product_id, quantity in items]
    return await shop.mutate(CREATE, buyer, {"input": {"items": lines, "idempotencyKey": "k", **given}})


async def test_every_issue_is_listed_and_nothing_is_done(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(stock=3)
    before = await calls(shop)
    items = [(tea.id, 0), ("prd_x", 1000), (tea.id, 999), (tea.id, 1), (tea.id, -1)]
    # when
    result = await create(shop, buyer, items, idempotencyKey="  ", remark="a\u0000b", expectedTotal=-1)
    # then
    assert (result["__typename"], result["code"], result["recovery"]) == ("InvalidInput", "INVALID_INPUT", "NONE")
    assert [issue["field"] for issue in result["issues"]] == [
        "items.0.quantity",
        "items.1.productId",
        "items.1.quantity",
        "items.3.quantity",
        "items.4.quantity",
        "idempotencyKey",
        "remark",
    ]
    assert result["field"] == "items.0.quantity"
    assert (await orders_of(shop, buyer.user_id), await shop.stock(tea), await calls_since(shop, before)) == ([], 3, {})


@pytest.mark.parametrize(
    ("count", "fields"), [(0, ["items"]), (51, ["items"]), (50, [])], ids=["none", "one too many", "the most"]
)
async def test_one_to_fifty_lines(shop: Shop, count: int, fields: list[str]) -> None:
    buyer, tea = await shop.buyer(), await shop.product(1, stock=60)

    result = await create(shop, buyer, [(tea.id, 1)] * count)

    assert [issue["field"] for issue in result.get("issues", [])] == fields
    assert await shop.stock(tea) == (60 if fields else 10)


@pytest.mark.parametrize("quantity", [0, 1000, -1, 2_147_483_647, -2_147_483_648])
async def test_a_quantity_out_of_bounds_is_refused(shop: Shop, quantity: int) -> None:
    buyer, tea = await shop.buyer(), await shop.product()

    result = await create(shop, buyer, [(tea.id, 1), (tea.id, quantity)])

    assert [issue["field"] for issue in result["issues"]] == ["items.1.quantity"]
    assert await orders_of(shop, buyer.user_id) == []


@pytest.mark.parametrize("name", HOSTILE_IDS)
async def test_what_is_no_id_of_a_product_is_an_issue_and_is_not_repeated(shop: Shop, name: str) -> None:
    buyer = await shop.buyer()

    result = await create(shop, buyer, [(HOSTILE_IDS[name], 1)])

    assert [issue["field"] for issue in result["issues"]] == ["items.0.productId"]
    assert not HOSTILE_IDS[name] or HOSTILE_IDS[name] not in str(result)


async def test_an_unknown_product_is_not_for_sale(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=1)

    result = await create(shop, buyer, [(tea.id, 1), (UNKNOWN, 1)])

    assert (result["__typename"], result["productId"]) == ("ProductUnavailable", UNKNOWN)
    assert (await orders_of(shop, buyer.user_id), await shop.stock(tea)) == ([], 1)


async def test_a_total_above_the_most_is_refused_and_the_most_is_sold(shop: Shop) -> None:
    buyer, dear, cheap = await shop.buyer(), await shop.product(2_147_483_647), await shop.product(1, stock=5)

    result = await create(shop, buyer, [(dear.id, 1), (cheap.id, 1)])
    dearest = await create(shop, buyer, [(dear.id, 999)])
    order = (await shop.ordered(buyer, dear, key="k"))["order"]

    assert [issue["field"] for issue in result["issues"]] == ["items"]
    assert [issue["field"] for issue in dearest["issues"]] == ["items"]
    assert await shop.stock(cheap) == 5
    assert order["total"] == {"amount": 2_147_483_647, "currency": "CNY", "display": "21474836.47"}


@pytest.mark.parametrize(
    ("key", "is_taken"),
    [("k" * 64, True), ("k" * 65, False), ("", False), ("a\nb", False), ("a\0b", False), ("茶" * 64, True)],
    ids=["64", "65", "empty", "a line break", "NUL", "64 of three bytes"],
)
async def test_a_key_is_one_to_sixty_four_characters(shop: Shop, key: str, is_taken: bool) -> None:
    buyer, tea = await shop.buyer(), await shop.product()

    result = await create(shop, buyer, [(tea.id, 1)], idempotencyKey=key)

    assert [issue["field"] for issue in result.get("issues", [])] == ([] if is_taken else ["idempotencyKey"])
    assert len(await orders_of(shop, buyer.user_id)) == is_taken


@pytest.mark.parametrize(
    ("remark", "stored"),
    [("茶" * 200, "茶" * 200), (" 少糖\n多冰 ", "少糖\n多冰"), ("  ", None), (None, None), ("茶" * 201, "refused")],
    ids=["200", "two lines", "blank", "null", "201"],
)
async def test_a_remark_is_at_most_two_hundred_characters(shop: Shop, remark: str | None, stored: str | None) -> None:
    buyer, tea = await shop.buyer(), await shop.product()

    result = await create(shop, buyer, [(tea.id, 1)], remark=remark)

    if stored == "refused":
        assert [issue["field"] for issue in result["issues"]] == ["remark"]
    else:
        assert result["order"]["remark"] == stored


@pytest.mark.parametrize("document", [PAY, SYNC, CANCEL], ids=["payOrder", "syncOrder", "cancelOrder"])
async def test_another_users_order_is_not_found_like_one_that_there_is_not(shop: Shop, document: str) -> None:
    # given
    buyer, stranger, operator = await shop.buyer(), await shop.buyer(), await shop.operator()
    order = (await shop.ordered(buyer, await shop.product(stock=1)))["order"]
    before = await calls(shop)
    # when
    ids = [order["id"], "ord_01k9z8y7x6w5v4t3s2r1q0p9n8", order["number"], "", "ord_' OR 1=1 --", "x" * 10_000, "a\0"]
    answers = [await shop.mutate(document, stranger, {"id": order_id}) for order_id in ids]
    if document is not SYNC:
        answers.append(await shop.mutate(document, operator, {"id": order["id"]}))
    # then
    assert {(answer["__typename"], answer["code"]) for answer in answers} == {("Refusal", "ORDER_NOT_FOUND")}
    assert len({answer["message"] for answer in answers}) == 1
    assert await shop.show(buyer, order["id"]) == order
    assert await calls_since(shop, before) == {}


@pytest.mark.parametrize("document", [PAY, SYNC, CANCEL], ids=["payOrder", "syncOrder", "cancelOrder"])
async def test_nobody_acts_on_an_order_without_a_session(shop: Shop, document: str) -> None:
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product()))["order"]
    add(token := "t" * 43)

    answers = [await shop.ask(document, given, {"id": order["id"]}) for given in (None, token)]

    assert [error_codes(answer) for answer in answers] == [["UNAUTHENTICATED"]] * 2
    assert await shop.show(buyer, order["id"]) == order
