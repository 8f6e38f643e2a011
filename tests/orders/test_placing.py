"""Rules 1, 2 and 5: where prices come from, what an order keeps for life, what placing one takes."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from cryptography.fernet import Fernet
from graphql import GraphQLInputObjectType, build_ast_schema, parse

from models.catalogue import Product
from models.encryption import Cipher
from tests.architecture.rules.sources import ROOT
from tests.databases import Databases
from tests.orders.asking import beside, calls, calls_since, orders_of
from tests.shop import PAY, PREPAY_PATH, Buyer, Shop, open_shop
from tests.world import gather

pytestmark = pytest.mark.anyio
KEPT = ("number", "mchid", "appid", "payer", "total", "expires_at", "created_at", "prepay_body", "input_hash")


async def test_rule_01_prices_are_the_databases_and_the_expected_total_only_tells_a_change(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    tea, cup = await shop.product(1250, stock=9, title="茶"), await shop.product(1, title="杯")
    before = await calls(shop)
    # when
    changed = await shop.create(buyer, tea, cup, quantity=3, expectedTotal=3752)
    # then
    assert (changed["__typename"], changed["code"], changed["total"]["amount"]) == (
        "PriceChanged",
        "PRICE_CHANGED",
        3753,
    )
    assert (await orders_of(shop, buyer.user_id), await shop.stock(tea), await calls_since(shop, before)) == ([], 9, {})
    # when
    order = (await shop.ordered(buyer, tea, cup, quantity=3, expectedTotal=3753))["order"]
    # then
    assert order["total"] == {"amount": 3753, "currency": "CNY", "display": "37.53"}
    assert [
        (line["title"], line["quantity"], line["unitPrice"]["amount"], line["subtotal"]["amount"])
        for line in order["items"]
    ] == [("茶", 3, 1250, 3750), ("杯", 3, 1, 3)]
    at_wechat = await shop.at_wechat(order["number"])
    assert (at_wechat["amount"], at_wechat["currency"], at_wechat["description"]) == (3753, "CNY", "茶")


def test_rule_01_no_input_of_an_order_carries_a_price() -> None:
    document = build_ast_schema(parse((ROOT / "schema.graphql").read_text(encoding="utf-8")))

    fields = {
        name: set(kind.fields)
        for name in ("CreateOrderInput", "OrderItemInput")
        if isinstance(kind := document.type_map[name], GraphQLInputObjectType)
    }

    assert fields == {
        "CreateOrderInput": {"items", "idempotencyKey", "expectedTotal", "remark"},
        "OrderItemInput": {"productId", "quantity"},
    }


@pytest.mark.parametrize(
    ("title", "description"),
    [("茶" * 42 + "a", "茶" * 42 + "a"), ("茶" * 43, "茶" * 42), ("a" * 126 + "茶", "a" * 126), ("😀" * 32, "😀" * 31)],
    ids=["127 bytes", "129 bytes", "126 and 3 bytes", "128 bytes"],
)
async def test_rule_02_the_description_is_the_first_title_cut_on_a_character(
    shop: Shop, title: str, description: str
) -> None:
    buyer, first, second = await shop.buyer(), await shop.product(title=title), await shop.product(title="杯")

    order = (await shop.ordered(buyer, first, second))["order"]

    assert (await shop.at_wechat(order["number"]))["description"] == description
    assert len(description.encode()) <= 127
    assert order["items"][0]["title"] == title


async def test_rule_02_an_order_keeps_merchant_payer_number_and_end(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product()

    order = (await shop.ordered(buyer, tea))["order"]

    row, at_wechat = await shop.row(order["id"]), await shop.at_wechat(order["number"])
    expires_at = datetime.fromisoformat(order["expiresAt"])
    assert re.fullmatch("[0-9]{20}", order["number"])
    assert (row.mchid, row.appid) == (shop.sandbox.wechat.pay.merchant.mchid, shop.appids[0])
    assert (at_wechat["appid"], at_wechat["openid"]) == (shop.appids[0], buyer.openid)
    assert datetime.fromisoformat(at_wechat["payableUntil"]) == expires_at == row.expires_at
    assert expires_at.microsecond == 0
    assert 1799 <= (expires_at - row.created_at).total_seconds() <= 1800
    assert buyer.openid not in f"{row.prepay_body}{row.payer}"


async def test_rule_02_neither_other_settings_nor_joined_users_touch_what_is_kept(shared_databases: Databases) -> None:
    url = shared_databases.fresh()
    async with open_shop(url) as shop:
        # given: an order whose prepay WeChat never saw, of a user who has an older self in another mini program
        first, second = shop.appids
        older = await shop.buyer(first, unionid=None)
        openid = await shop.person(appid=second, unionid="o-union-of-a-buyer-0000001")
        signed_in = await shop.sign_in(openid, second)
        younger = Buyer(openid, signed_in["token"], signed_in["user"]["id"])
        tea = await shop.product()
        await shop.fault("reset", PREPAY_PATH)
        assert (await shop.create(younger, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
        [before] = await orders_of(shop, younger.user_id)
        # when: the users are joined, and a server with other settings comes
        await shop.person(openid=older.openid, unionid="o-union-of-a-buyer-0000001")
        await shop.sign_in(older.openid, first)
        apps = shop.application._settings.apps[::-1]
        async with beside(shop, order_ttl=60, public_url="http://elsewhere.test", apps=apps) as mutate:
            paid = await mutate(PAY, younger, {"id": before.id})
        # then
        assert paid["__typename"] == "PayOrderSuccess"
        after, at_wechat = await shop.row(before.id), await shop.at_wechat(before.number)
        assert [getattr(after, name) for name in KEPT] == [getattr(before, name) for name in KEPT]
        assert after.user_id == older.user_id != before.user_id
        assert (at_wechat["notifyUrl"], at_wechat["openid"]) == (f"{shop.url}/wechat/pay/notify", openid)
        assert datetime.fromisoformat(at_wechat["payableUntil"]) == before.expires_at
        assert await shop.phone(younger, paid["paymentParams"]) == "requestPayment:ok"
        await shop.delivered()
        assert (await shop.show(older, before.id))["status"] == "PAID"


async def test_rule_05_repeated_products_are_added_up(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(100, stock=4)

    short = await shop.create(buyer, tea, tea, tea, tea, tea)
    order = (await shop.ordered(buyer, tea, tea, tea))["order"]

    assert (short["__typename"], short["product"]["id"], short["available"]) == ("OutOfStock", tea.id, 4)
    assert [(line["quantity"], line["subtotal"]["amount"]) for line in order["items"]] == [(3, 300)]
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (1, 1)


async def test_rule_05_what_is_out_of_stock_takes_nothing_of_the_others(shop: Shop) -> None:
    buyer = await shop.buyer()
    tea, cup, pot = await shop.product(stock=5), await shop.product(stock=None), await shop.product(stock=0)

    result = await shop.create(buyer, tea, cup, pot)

    assert (result["__typename"], result["product"]["id"], result["available"]) == ("OutOfStock", pot.id, 0)
    assert [await shop.stock(product) for product in (tea, cup, pot)] == [5, None, 0]
    assert (await orders_of(shop, buyer.user_id), await shop.unpaid(buyer)) == ([], 0)


async def test_rule_05_at_most_twenty_unpaid_orders_whatever_comes_at_once(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=100)

    results = await gather([shop.create(buyer, tea) for _ in range(40)])

    made = [result for result in results if result["__typename"] == "CreateOrderSuccess"]
    refused = [result for result in results if result.get("code") == "TOO_MANY_UNPAID_ORDERS"]
    assert (len(made), len(refused)) == (20, 20)
    assert (await shop.unpaid(buyer), await shop.stock(tea)) == (20, 80)
    assert len(await orders_of(shop, buyer.user_id)) == 20
    # one that is paid, and one that is closed, make room for one each
    assert await shop.phone(buyer, made[0]["paymentParams"]) == "requestPayment:ok"
    await shop.delivered()
    assert (await shop.cancel(buyer, made[1]["order"]["id"]))["order"]["status"] == "CLOSED"
    results = await gather([shop.create(buyer, tea) for _ in range(5)])
    assert sorted(result["__typename"] for result in results) == ["CreateOrderSuccess"] * 2 + ["Refusal"] * 3
    assert (await shop.unpaid(buyer), await shop.stock(tea)) == (20, 79)


class Written(logging.Handler):
    """The ids of the products whose stock was changed, in order, as the database's client tells its statements."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.ids: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith('UPDATE "products"'):
            self.ids += re.findall("prd_[0-9a-z]{26}", text)


@contextmanager
def written_stock() -> Iterator[list[str]]:
    logger, handler = logging.getLogger("tortoise.db_client"), Written()
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield handler.ids
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


async def test_rule_05_stock_is_touched_in_the_order_of_ids(shop: Shop) -> None:
    buyer, products = await shop.buyer(), [await shop.product(stock=5) for _ in range(4)]
    ids = sorted(product.id for product in products)

    with written_stock() as taken:
        order = (await shop.ordered(buyer, *(products[place] for place in (2, 0, 3, 1))))["order"]
    with written_stock() as given_back:
        await shop.cancel(buyer, order["id"])

    assert [line["product"]["id"] for line in order["items"]] == [products[place].id for place in (2, 0, 3, 1)]
    assert (taken, given_back) == (ids, ids)
    assert [await shop.stock(product) for product in products] == [5] * 4


async def test_rule_05_orders_that_cross_each_other_all_arrive(shop: Shop) -> None:
    tea, cup = await shop.product(stock=40), await shop.product(stock=40)
    buyers = [await shop.buyer() for _ in range(8)]

    made = await gather(
        [
            shop.ordered(buyer, *((tea, cup) if number % 2 else (cup, tea)))
            for number, buyer in enumerate(buyers)
            for _ in range(2)
        ]
    )
    await gather([shop.cancel(buyers[number // 2], order["order"]["id"]) for number, order in enumerate(made[:8])])

    assert (await shop.stock(tea), await shop.stock(cup)) == (32, 32)


async def test_stock_that_is_counted_only_since_takes_and_gives_nothing(shop: Shop) -> None:
    buyer, tea, cup = await shop.buyer(), await shop.product(stock=None), await shop.product(stock=3)
    order = (await shop.ordered(buyer, tea, cup))["order"]

    async def change() -> None:
        await Product.filter(id=tea.id).update(stock=10)
        await Product.filter(id=cup.id).update(stock=None)

    await shop.units.run(change)
    await shop.cancel(buyer, order["id"])

    assert (await shop.stock(tea), await shop.stock(cup)) == (10, None)


async def test_the_stored_body_is_sealed_json_of_what_wechat_is_sent(shared_databases: Databases) -> None:
    key = Fernet.generate_key().decode()
    async with open_shop(shared_databases.fresh(), secret_keys=key) as shop:
        buyer, tea = await shop.buyer(), await shop.product(7)
        row = await shop.row((await shop.ordered(buyer, tea))["order"]["id"])
        body: dict[str, Any] = json.loads(Cipher([key]).open(row.prepay_body))

    assert body == {
        "appid": shop.appids[0],
        "mchid": shop.sandbox.wechat.pay.merchant.mchid,
        "description": "茶",
        "out_trade_no": row.number,
        "time_expire": body["time_expire"],
        "notify_url": f"{shop.url}/wechat/pay/notify",
        "amount": {"total": 7, "currency": "CNY"},
        "payer": {"openid": buyer.openid},
    }
    assert body["time_expire"].endswith("+08:00")
    assert datetime.fromisoformat(body["time_expire"]) == row.expires_at
