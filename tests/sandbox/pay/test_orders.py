"""Orders: what a prepay takes, when it may be repeated, how long it lives, how it is closed, what a query tells."""

import re
from typing import Any

import pytest

from tests.sandbox.pay.merchant_client import JSAPI, NOTIFY_URL, MerchantClient
from tests.sandbox.wire import ONE, TWO, Wire

pytestmark = pytest.mark.anyio

HALF_AN_HOUR = "2026-01-01T08:30:00+08:00"  # half an hour after the clock of these tests


async def test_an_unpaid_order_is_told_without_what_a_payment_brings(merchant: MerchantClient, openid: str) -> None:
    order = merchant.order(openid)

    prepay_id = await merchant.prepay(order)

    assert re.fullmatch(r"wx20260101080000[0-9a-f]{20}", prepay_id)
    assert await merchant.queried(order["out_trade_no"]) == {
        "appid": ONE.appid,
        "mchid": merchant.merchant.mchid,
        "out_trade_no": order["out_trade_no"],
        "trade_state": "NOTPAY",
        "trade_state_desc": "订单未支付",
        "promotion_detail": [],
        "amount": {"total": 100, "payer_currency": "CNY"},
    }


async def test_a_paid_order_is_told_in_full(merchant: MerchantClient, openid: str) -> None:
    scene = {"payer_client_ip": "127.0.0.1", "device_id": "D1"}

    paid = await merchant.paid(openid, attach="sent back", scene_info=scene)

    assert re.fullmatch(r"4200\d{24}", paid["transaction_id"])
    assert paid == {
        "appid": ONE.appid,
        "mchid": merchant.merchant.mchid,
        "out_trade_no": paid["out_trade_no"],
        "transaction_id": paid["transaction_id"],
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "sent back",
        "success_time": "2026-01-01T08:00:00+08:00",
        "payer": {"openid": openid},
        "scene_info": {"device_id": "D1"},
        "promotion_detail": [],
        "amount": {"total": 100, "payer_total": 100, "currency": "CNY", "payer_currency": "CNY"},
    }
    target = f"/v3/pay/transactions/id/{paid['transaction_id']}?mchid={merchant.merchant.mchid}"
    assert merchant.verified(await merchant.call("GET", target)) == paid


async def test_every_documented_field_is_taken(merchant: MerchantClient, openid: str) -> None:
    goods = {"merchant_goods_id": "G1", "wechatpay_goods_id": "1", "goods_name": "茶", "quantity": 1, "unit_price": 0}
    store = {"id": "1", "name": "店", "area_code": "440305", "address": "路"}
    order = merchant.order(
        openid,
        description="一" * 42 + "!",
        time_expire=HALF_AN_HOUR,
        attach="a" * 128,
        goods_tag="TAG",
        support_fapiao=True,
        amount={"total": 1},
        detail={"cost_price": 1, "invoice_id": "I", "goods_detail": [goods]},
        scene_info={"payer_client_ip": "::1", "device_id": "1", "store_info": store},
        settle_info={"profit_sharing": False},
        limit_pay=["no_credit"],
    )

    await merchant.prepay(order)


WRONG_FIELDS: list[tuple[str, Any]] = [
    ("/description", ""),
    ("/description", "一" * 43),
    ("/description", None),
    ("/description", 1),
    ("/out_trade_no", "N1234"),
    ("/out_trade_no", "N" * 33),
    ("/out_trade_no", "N0001@"),
    ("/out_trade_no", "N0001\n"),
    ("/time_expire", "2026-01-01 08:30:00"),
    ("/time_expire", "2026-01-01T08:30:00"),
    ("/time_expire", "2026-13-01T08:30:00+08:00"),
    ("/attach", "a" * 129),
    ("/notify_url", "ftp://example.com/notify"),
    ("/notify_url", "https://example.com/notify?order=1"),
    ("/notify_url", "https://" + "a" * 248),
    ("/amount", {"total": 0}),
    ("/amount", {"total": -1}),
    ("/amount", {"total": 1.0}),
    ("/amount", {"total": "1"}),
    ("/amount", {"total": True}),
    ("/amount", {"total": 1, "currency": "USD"}),
    ("/amount", {"total": 1, "payer_total": 1}),
    ("/amount", {}),
    ("/amount", 1),
    ("/payer", {"openid": "o" * 129}),
    ("/payer", {"openid": "nobody"}),
    ("/payer", {}),
    ("/support_fapiao", 1),
    ("/limit_pay", []),
    ("/limit_pay", "no_credit"),
    ("/settle_info", {"profit_sharing": "false"}),
    ("/scene_info", {"device_id": "1"}),
    ("/detail", {"goods_detail": [{"merchant_goods_id": "1", "quantity": 0, "unit_price": 1}]}),
    ("/detail", {"goods_detail": [{"merchant_goods_id": "1" * 30, "quantity": 1, "unit_price": 1}] * 200}),
    ("/mchid", "1900000001"),
    ("/sub_mchid", "1900000001"),
]


@pytest.mark.parametrize(("pointer", "value"), WRONG_FIELDS, ids=range(len(WRONG_FIELDS)))
async def test_a_wrong_field_is_pointed_at(
    merchant: MerchantClient, wire: Wire, openid: str, pointer: str, value: Any
) -> None:
    order = {**merchant.order(openid), pointer[1:]: value}

    refused = merchant.refusal(await merchant.call("POST", JSAPI, order), 400, "PARAM_ERROR")

    assert sorted(refused["detail"]) == ["field", "issue", "location", "value"]
    assert refused["detail"]["field"].startswith(pointer)
    assert refused["detail"]["location"] == "body"
    assert (await wire.state())["orders"] == []


@pytest.mark.parametrize("name", ["appid", "mchid", "description", "out_trade_no", "notify_url", "amount", "payer"])
async def test_a_missing_field_is_pointed_at(merchant: MerchantClient, openid: str, name: str) -> None:
    order = merchant.order(openid)
    del order[name]

    refused = merchant.refusal(await merchant.call("POST", JSAPI, order), 400, "PARAM_ERROR")

    assert refused["detail"] == {"field": f"/{name}", "value": None, "issue": "缺少必填参数", "location": "body"}


async def test_a_payer_is_one_of_the_app(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    other = await wire.control("users", {"appid": TWO.appid})

    answers = [
        await merchant.call("POST", JSAPI, merchant.order(openid, appid=TWO.appid)),
        await merchant.call("POST", JSAPI, merchant.order(other["openid"])),
    ]

    for answer in answers:
        assert merchant.refusal(answer, 400, "PARAM_ERROR")["detail"]["issue"] == "appid和openid不匹配"
    await merchant.prepay(merchant.order(other["openid"], appid=TWO.appid))


async def test_an_app_that_is_not_bound_is_refused(merchant: MerchantClient, openid: str) -> None:
    order = merchant.order(openid, appid="wx0000000000000000")

    merchant.refusal(await merchant.call("POST", JSAPI, order), 400, "APPID_MCHID_NOT_MATCH")


async def test_the_same_parameters_give_a_prepay_id_again(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid, attach="a", time_expire=HALF_AN_HOUR)
    first = await merchant.prepay(order)
    shuffled = {name: order[name] for name in reversed(order)}
    shuffled["amount"] = {"currency": "CNY", "total": 100}

    second = await merchant.prepay(shuffled)

    assert first != second
    assert len((await wire.state())["orders"]) == 1
    assert [await merchant.pay(openid, each) for each in (first, second)] == ["ok", "fail the order is paid or closed"]


@pytest.mark.parametrize(
    "changed",
    [
        {"description": "另一件商品"},
        {"amount": {"total": 101, "currency": "CNY"}},
        {"amount": {"total": 100}},
        {"notify_url": f"{NOTIFY_URL}/other"},
        {"attach": "a"},
        {"time_expire": "2026-01-01T08:30:01+08:00"},
    ],
    ids=["description", "total", "currency", "notify_url", "attach", "time_expire"],
)
async def test_other_parameters_are_another_order(
    merchant: MerchantClient, wire: Wire, openid: str, changed: dict[str, Any]
) -> None:
    order = merchant.order(openid, time_expire=HALF_AN_HOUR)
    await merchant.prepay(order)
    before = (await wire.state())["orders"]

    merchant.refusal(await merchant.call("POST", JSAPI, {**order, **changed}), 403, "OUT_TRADE_NO_USED")

    assert (await wire.state())["orders"] == before


async def test_a_paid_and_a_closed_number_are_used_up(merchant: MerchantClient, openid: str) -> None:
    paid, closed = merchant.order(openid), merchant.order(openid)
    await merchant.pay(openid, await merchant.prepay(paid))
    await merchant.prepay(closed)
    await merchant.close(closed["out_trade_no"])

    merchant.refusal(await merchant.call("POST", JSAPI, paid), 400, "ORDER_PAID")
    merchant.refusal(await merchant.call("POST", JSAPI, closed), 400, "ORDER_CLOSED")


async def test_a_prepay_id_lives_two_hours(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    first = await merchant.prepay(order)
    await wire.advance(7199)
    second = await merchant.prepay(order)
    await wire.advance(1)

    assert await merchant.pay(openid, first) == "fail prepay_id has expired"
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"
    assert await merchant.pay(openid, second) == "ok"


async def test_a_long_dead_prepay_id_is_forgotten(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    old = await merchant.prepay(order)
    await wire.advance(4 * 3600)

    new = await merchant.prepay(order)

    assert await merchant.pay(openid, old) == "fail prepay_id is unknown"
    assert list(wire.server.wechat.state.prepay_ids) == [new]


async def test_time_expire_is_the_last_moment_to_pay_and_closes_nothing(
    merchant: MerchantClient, wire: Wire, openid: str
) -> None:
    order = merchant.order(openid, time_expire=HALF_AN_HOUR)
    prepay_id = await merchant.prepay(order)
    await wire.advance(1800)

    assert await merchant.pay(openid, prepay_id) == "fail the order has expired"
    merchant.refusal(await merchant.call("POST", JSAPI, order), 400, "ORDER_CLOSED")
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"
    assert (await merchant.close(order["out_trade_no"])).status_code == 204


@pytest.mark.parametrize(
    ("time_expire", "shown"),
    [
        (None, "2026-01-08T08:00:00+08:00"),
        ("2025-12-31T08:00:00+08:00", "2026-01-01T08:01:00+08:00"),
        ("2026-01-01T00:00:59Z", "2026-01-01T08:01:00+08:00"),
        ("2026-01-01T08:01:01+08:00", "2026-01-01T08:01:01+08:00"),
        ("2026-01-01T01:30:00+01:00", "2026-01-01T08:30:00+08:00"),
        ("2036-01-01T08:00:00+08:00", "2026-01-08T08:00:00+08:00"),
    ],
)
async def test_time_expire_is_raised_and_clamped_in_silence(
    merchant: MerchantClient, wire: Wire, openid: str, time_expire: str | None, shown: str
) -> None:
    given = {} if time_expire is None else {"time_expire": time_expire}

    await merchant.prepay(merchant.order(openid, **given))

    assert (await wire.state())["orders"][0]["payableUntil"] == shown


async def test_an_unpaid_order_is_closed_after_a_week(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    await merchant.prepay(order)
    await wire.advance(7 * 86400 - 1)
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"
    await wire.advance(1)

    closed = await merchant.queried(order["out_trade_no"])

    assert closed["trade_state"] == "CLOSED"
    assert closed["trade_state_desc"] == "订单已关闭"
    merchant.refusal(await merchant.call("POST", JSAPI, order), 400, "ORDER_CLOSED")
    assert (await merchant.close(order["out_trade_no"])).status_code == 204


async def test_closing_may_be_repeated_and_ends_the_payment(merchant: MerchantClient, openid: str) -> None:
    order = merchant.order(openid)
    prepay_id = await merchant.prepay(order)

    answers = [await merchant.close(order["out_trade_no"]) for _ in range(2)]

    for answer in answers:
        assert answer.status_code == 204
        assert "content-type" not in answer.headers
        assert merchant.verified(answer) == {}
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "CLOSED"
    assert await merchant.pay(openid, prepay_id) == "fail the order is paid or closed"


async def test_a_paid_order_cannot_be_closed(merchant: MerchantClient, openid: str) -> None:
    paid = await merchant.paid(openid)

    merchant.refusal(await merchant.close(paid["out_trade_no"]), 400, "ORDER_PAID")

    assert await merchant.queried(paid["out_trade_no"]) == paid


async def test_while_somebody_pays_a_close_is_neither_yes_nor_no(merchant: MerchantClient, openid: str) -> None:
    order = merchant.order(openid)
    prepay_id = await merchant.prepay(order)
    assert await merchant.pay(openid, prepay_id, outcome="paying") == "paying"

    answer = await merchant.close(order["out_trade_no"])

    assert answer.status_code == 202
    assert merchant.verified(answer)["code"] == "USERPAYING"
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"
    assert await merchant.pay(openid, prepay_id, outcome="cancel") == "fail cancel"
    assert (await merchant.close(order["out_trade_no"])).status_code == 204


async def test_who_was_paying_may_have_paid(merchant: MerchantClient, openid: str) -> None:
    order = merchant.order(openid)
    prepay_id = await merchant.prepay(order)
    await merchant.pay(openid, prepay_id, outcome="paying")

    assert await merchant.pay(openid, prepay_id) == "ok"

    merchant.refusal(await merchant.close(order["out_trade_no"]), 400, "ORDER_PAID")


async def test_unknown_numbers(merchant: MerchantClient) -> None:
    target = f"/v3/pay/transactions/id/4200000000000000000000000000?mchid={merchant.merchant.mchid}"

    merchant.refusal(await merchant.query("N00001"), 404, "ORDER_NOT_EXIST")
    merchant.refusal(await merchant.call("GET", target), 404, "ORDER_NOT_EXIST")
    answer = await merchant.close("N00001")
    merchant.refusal(answer, 404, "ORDER_NOT_EXIST")
    assert answer.headers["Request-ID"].endswith("-268512771")


@pytest.mark.parametrize(("body", "field"), [({}, "/mchid"), ({"mchid": "1"}, "/mchid")], ids=["none", "other"])
async def test_a_close_names_the_merchant(
    merchant: MerchantClient, openid: str, body: dict[str, str], field: str
) -> None:
    order = merchant.order(openid)
    await merchant.prepay(order)
    target = f"/v3/pay/transactions/out-trade-no/{order['out_trade_no']}/close"

    refused = merchant.refusal(await merchant.call("POST", target, body), 400, "PARAM_ERROR")

    assert refused["detail"]["field"] == field
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"
