"""Looking at orders: one of them, a user's own, everybody's; whole pages by a fixed number of statements."""

from datetime import timedelta
from typing import Any

import pytest

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from domain.pages import Cursor
from models.orders import Order, OrderItem
from tests.catalogue.statements import counted
from tests.orders.asking import calls, calls_since
from tests.shop import ORDER, Buyer, Shop
from tests.world import error_codes

pytestmark = pytest.mark.anyio

_PAGE = "edges { cursor node { id } } nodes { ...order } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
_ARGUMENTS = "(first: $first, after: $after, status: $status)"
OWN = f"""query ($first: Int, $after: String, $status: [OrderStatus!]) {{ me {{ orders{_ARGUMENTS} {{ {_PAGE} }} }} }}
{ORDER}"""
ALL = f"""query ($first: Int, $after: String, $status: [OrderStatus!]) {{ orders{_ARGUMENTS} {{ {_PAGE} }} }} {ORDER}"""
ONE = f"""query ($id: ID, $number: String) {{ order(id: $id, number: $number) {{ buyer {{ nickname }} ...order }} }}
{ORDER}"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ id ...order }} }} {ORDER}"
LOGIN = """mutation ($code: String!, $appId: String) { login(input: {code: $code, appId: $appId}) {
    ... on LoginSuccess { user { orders(first: 50) { nodes { id canPay } } } } } }"""


async def stock_up(shop: Shop, buyer: Buyer, number: int, **given: Any) -> list[str]:
    """The ids of that many orders with two lines each, oldest first, written straight into the database."""
    tea, cup = await shop.product(), await shop.product()
    start = wire_clock() - timedelta(hours=1)
    known: dict[str, Any] = {
        "user_id": buyer.user_id,
        "input_hash": "",
        "mchid": "1",
        "appid": shop.appids[0],
        "payer": "",
        "total": 2500,
        "status": "CLOSED",
        "prepay_body": "",
        "created_at": start,
        "expires_at": start,
        "closed_at": start,
    }
    orders = [
        Order(
            id=(order_id := new_id(Prefix.ORDER, start + timedelta(milliseconds=index))),
            number=order_id[-20:],
            idempotency_key=order_id,
            **(known | given),
        )
        for index in range(number)
    ]
    lines = [
        OrderItem(
            id=new_id(Prefix.ITEM, start),
            order_id=order.id,
            product_id=product.id,
            place=place,
            title="茶",
            unit_price=1250,
            quantity=1,
        )
        for order in orders
        for place, product in enumerate((tea, cup))
    ]

    async def write() -> None:
        await Order.bulk_create(orders)
        await OrderItem.bulk_create(lines)

    await shop.units.run(write)
    return [order.id for order in orders]


async def page(
    shop: Shop, buyer: Buyer, document: str, first: int, after: str | None = None, status: list[str] | None = None
) -> Any:
    answer = await shop.ask(document, buyer.token, {"first": first, "after": after, "status": status})
    assert "errors" not in answer, answer
    return answer["data"]["orders"] if document is ALL else answer["data"]["me"]["orders"]


def ids(found: Any) -> list[str]:
    return [node["id"] for node in found["nodes"]]


@pytest.mark.parametrize("document", [OWN, ALL], ids=["own", "all"])
async def test_a_walk_sees_every_order_once_newest_first_while_others_arrive(shop: Shop, document: str) -> None:
    operator = await shop.operator()
    known = await stock_up(shop, operator, 45)
    seen: list[str] = []
    after = None
    while True:
        found = await page(shop, operator, document, 10, after)
        assert [edge["node"]["id"] for edge in found["edges"]] == ids(found)
        assert (found["pageInfo"]["startCursor"], found["pageInfo"]["endCursor"]) == (
            found["edges"][0]["cursor"],
            found["edges"][-1]["cursor"],
        )
        assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += ids(found)
        after = found["pageInfo"]["endCursor"]
        await stock_up(shop, operator, 1, created_at=wire_clock())
        if not found["pageInfo"]["hasNextPage"] or known[0] in seen:
            break

    assert len(seen) == len(set(seen))
    assert [order_id for order_id in seen if order_id in known] == known[::-1]


@pytest.mark.parametrize("size", [1, 10, 50])
async def test_a_page_costs_as_many_statements_whatever_its_size(shop: Shop, size: int) -> None:
    buyer, operator = await shop.buyer(), await shop.operator()
    known = await stock_up(shop, buyer, 110)
    behind = Cursor(known[-1]).encode()

    with counted() as own:
        found = await page(shop, buyer, OWN, size, behind)
    with counted() as everybodys:
        await page(shop, operator, ALL, size, behind)
    with counted() as empty:
        await page(shop, buyer, OWN, size, Cursor(known[0]).encode())

    assert len(found["nodes"]) == size
    assert all(len(node["items"]) == 2 for node in found["nodes"])
    assert (len(own), len(everybodys), len(empty)) == (6, 7, 3), (own, everybodys)


async def test_pages_of_some_states_only(shop: Shop) -> None:
    buyer = await shop.buyer()
    closed = await stock_up(shop, buyer, 3)
    pending = (await shop.ordered(buyer, await shop.product()))["order"]["id"]

    assert ids(await page(shop, buyer, OWN, 10, status=["PENDING"])) == [pending]
    assert ids(await page(shop, buyer, OWN, 10, status=["CLOSED"])) == closed[::-1]
    assert ids(await page(shop, buyer, OWN, 10, status=["PENDING", "CLOSED"])) == [pending, *closed[::-1]]
    assert ids(await page(shop, buyer, OWN, 10)) == [pending, *closed[::-1]]
    assert ids(await page(shop, buyer, OWN, 10, status=[])) == []


async def test_nobody_sees_other_peoples_orders_but_operators(shop: Shop) -> None:
    # given
    buyer, stranger, operator = await shop.buyer(), await shop.buyer(), await shop.operator()
    order = (await shop.ordered(buyer, await shop.product()))["order"]
    await stock_up(shop, stranger, 1)
    # when
    answers = {
        name: [
            (await shop.ask(ONE, viewer.token, {"id": order["id"]}))["data"]["order"],
            (await shop.ask(ONE, viewer.token, {"number": order["number"]}))["data"]["order"],
            (await shop.ask(NODE, viewer.token, {"id": order["id"]}))["data"]["node"],
        ]
        for name, viewer in {"buyer": buyer, "stranger": stranger, "operator": operator}.items()
    }
    # then
    assert answers["buyer"] == [order | {"buyer": None}] * 2 + [order]
    assert answers["stranger"] == [None] * 3
    seen = order | {"canPay": False, "canCancel": False}
    assert answers["operator"] == [seen | {"buyer": {"nickname": None}}] * 2 + [seen]
    assert order["id"] not in ids(await page(shop, stranger, OWN, 50))
    assert order["id"] not in ids(await page(shop, operator, OWN, 50))
    assert order["id"] in ids(await page(shop, operator, ALL, 50))
    for viewer in (buyer, stranger):
        answer = await shop.ask(ALL, viewer.token)
        assert (error_codes(answer), answer["data"]) == (["FORBIDDEN"], {"orders": None})
    for document, variables in ((ONE, {"id": order["id"]}), (ALL, {})):
        assert error_codes(await shop.ask(document, None, variables)) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(
    "variables",
    [{}, {"id": None, "number": None}, {"id": "ord_01k9z8y7x6w5v4t3s2r1q0p9n8", "number": "20261121000000000000"}],
    ids=["neither", "both null", "both"],
)
async def test_an_order_is_found_by_exactly_one_of_id_and_number(shop: Shop, variables: dict[str, Any]) -> None:
    answer = await shop.ask(ONE, (await shop.buyer()).token, variables)

    assert (error_codes(answer), answer["data"]) == (["BAD_REQUEST"], {"order": None})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a\0b",
        "' OR 1=1 --",
        "%",
        "茶" * 10,
        "2026112100000000000\n",
        "9" * 10_000,
        "prd_01k9z8y7x6w5v4t3s2r1q0p9n8",
    ],
    ids=["empty", "short", "NUL", "SQL", "wildcard", "not ASCII", "a line break", "long", "another type"],
)
async def test_what_is_no_id_and_no_number_finds_nothing(shop: Shop, text: str) -> None:
    operator = await shop.operator()

    answers = [await shop.ask(ONE, operator.token, {name: text}) for name in ("id", "number")]

    assert answers == [{"data": {"order": None}}] * 2


async def test_what_the_viewer_can_do_follows_the_state(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250)
    made = await shop.ordered(buyer, tea)
    flags = ("status", "canPay", "canCancel", "onHold")

    async def seen(order_id: str) -> tuple[Any, ...]:
        order = await shop.show(buyer, order_id)
        return tuple(order[name] for name in flags)

    assert await seen(made["order"]["id"]) == ("PENDING", True, True, False)
    # when it is being closed
    await shop.phone(buyer, made["paymentParams"], "paying")
    await shop.cancel(buyer, made["order"]["id"])
    assert await seen(made["order"]["id"]) == ("PENDING", False, True, False)
    # when it is paid
    await shop.phone(buyer, made["paymentParams"])
    await shop.delivered()
    assert await seen(made["order"]["id"]) == ("PAID", False, False, False)
    # when another is paid with a wrong amount
    held = (await shop.ordered(buyer, tea))["order"]
    await shop.order("payments", {"outTradeNo": held["number"], "amount": 1})
    await shop.delivered()
    assert await seen(held["id"]) == ("PENDING", False, False, True)
    before = await calls(shop)
    assert (await shop.pay(buyer, held["id"]))["code"] == "ORDER_NOT_PAYABLE"
    assert (await shop.cancel(buyer, held["id"]))["code"] == "ORDER_NOT_CANCELLABLE"
    assert await calls_since(shop, before) == {}


async def test_a_product_that_is_no_longer_for_sale_is_not_shown_but_its_title_is(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(title="龙井")
    order = (await shop.ordered(buyer, tea))["order"]

    async def withdraw() -> None:
        tea.for_sale, tea.title, tea.price = False, "x", 1
        await tea.save(update_fields=["for_sale", "title", "price"])

    await shop.units.run(withdraw)

    assert (await shop.show(buyer, order["id"]))["items"] == [order["items"][0] | {"product": None}]


async def test_orders_can_be_asked_for_with_the_login_itself(shop: Shop) -> None:
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product()))["order"]

    answer = await shop.ask(LOGIN, None, {"code": await shop.code(buyer.openid)})

    assert answer["data"]["login"]["user"]["orders"]["nodes"] == [{"id": order["id"], "canPay": True}]
