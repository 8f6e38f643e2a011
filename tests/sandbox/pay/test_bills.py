"""Trade bills: when there is one, what stands in it, how it is fetched, and what a test can plant into it."""

import gzip
import hashlib
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.sandbox.pay.merchant_client import MerchantClient
from tests.sandbox.wire import Wire

pytestmark = pytest.mark.anyio

DAY = "2026-01-01"
HOUR = 3600
QUERY = f"/v3/bill/tradebill?bill_date={DAY}"
ALL = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


async def asked(merchant: MerchantClient, query: str = QUERY) -> dict[str, Any]:
    return merchant.verified(await merchant.call("GET", query))


async def fetched(merchant: MerchantClient, answer: dict[str, Any]) -> httpx.Response:
    parts = urlsplit(answer["download_url"])
    return await merchant.call("GET", f"{parts.path}?{parts.query}")


async def text_of(merchant: MerchantClient, query: str = QUERY) -> list[str]:
    """The lines of a bill whose hash fits."""
    answer = await asked(merchant, query)
    content = (await fetched(merchant, answer)).content
    plain = gzip.decompress(content) if "GZIP" in query else content
    assert answer["hash_type"] == "SHA1"
    assert answer["hash_value"] == hashlib.sha1(plain, usedforsecurity=False).hexdigest()
    return plain.decode().removesuffix("\r\n").split("\r\n")


async def to_ten_next_day(wire: Wire) -> None:
    """The tests begin at 08:00 in China."""
    await wire.control("clock", {"advance": 26 * HOUR})


async def bought(merchant: MerchantClient, wire: Wire, openid: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A payment of 1 yuan and, a minute later, a refund of 40 fen: as they are queried and asked for."""
    paid = await merchant.paid(openid, description="茶, 绿\n`的`", attach="a,`b")
    await wire.control("clock", {"advance": 60})
    refund = merchant.refund_of(paid, 40)
    accepted = merchant.verified(await merchant.refund(refund))
    return paid, {**refund, "refund_id": accepted["refund_id"]}


@pytest.mark.parametrize(
    ("hours", "code"), [(0, "NO_STATEMENT_EXIST"), (24.99, "NO_STATEMENT_EXIST"), (25, "STATEMENT_CREATING")]
)
async def test_a_bill_is_ready_at_ten_of_the_next_day(
    merchant: MerchantClient, wire: Wire, openid: str, hours: float, code: str
) -> None:
    await merchant.paid(openid)

    await wire.control("clock", {"advance": hours * HOUR})

    merchant.refusal(await merchant.call("GET", QUERY), 400, code)
    await wire.control("clock", {"advance": (26 - hours) * HOUR})
    assert len(await text_of(merchant)) == 4


async def test_a_day_without_payments_has_no_bill(merchant: MerchantClient, wire: Wire) -> None:
    await to_ten_next_day(wire)

    merchant.refusal(await merchant.call("GET", QUERY), 400, "NO_STATEMENT_EXIST")


async def test_bills_are_kept_for_three_months(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    await merchant.paid(openid)
    await wire.control("clock", {"advance": 95 * 24 * HOUR})

    merchant.refusal(await merchant.call("GET", QUERY), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("packed", ["", "&tar_type=GZIP"])
async def test_a_bill_of_both(merchant: MerchantClient, wire: Wire, openid: str, packed: str) -> None:
    paid, refund = await bought(merchant, wire, openid)
    await to_ten_next_day(wire)

    header, first, second, summary, sums = await text_of(merchant, QUERY + packed)

    assert header == f"\ufeff{ALL}"
    mchid, number, transaction = merchant.merchant.mchid, paid["out_trade_no"], paid["transaction_id"]
    head = f"`{paid['appid']},`{mchid},`0,`,`{transaction},`{number},`{openid},`JSAPI"
    goods = "`茶\\, 绿\\n`的`,`a\\,`b,`0.00000,`0.60%"
    assert first == (
        f"`2026-01-01 08:00:00,{head},`SUCCESS,`OTHERS,`CNY,`1.00,`0.00,`0,`0,`0.00,`0.00,`,`,{goods},`1.00,`0.00,`"
    )
    back = f"`{refund['refund_id']},`{refund['out_refund_no']},`0.40,`0.00,`ORIGINAL,`SUCCESS"
    assert second == (f"`2026-01-01 08:01:00,{head},`REFUND,`OTHERS,`CNY,`0.00,`0.00,{back},{goods},`0.00,`0.40,`")
    assert summary == SUMMARY
    assert sums == "`2.0,`1.00,`0.40,`0.00,`0.00,`1.00,`0.40"


async def test_refunds_out_of_the_available_balance_stand_in_a_bill_of_their_own(
    merchant: MerchantClient, wire: Wire, openid: str
) -> None:
    # given
    paid, usual = await bought(merchant, wire, openid)
    wanted = {"outTradeNo": paid["out_trade_no"], "amount": 10}
    available = await wire.control("console/refund", {**wanted, "fundsAccount": "AVAILABLE"})
    by_hand = await wire.control("console/refund", {**wanted, "fundsAccount": "UNSETTLED"})
    await to_ten_next_day(wire)
    # when
    bills = {
        kind: await text_of(merchant, f"{QUERY}&bill_type={kind}")
        for kind in ("ALL", "SUCCESS", "REFUND", "RECHARGE_REFUND")
    }
    # then
    numbers = [usual["out_refund_no"], by_hand["outRefundNo"], available["outRefundNo"]]
    held = {kind: [number for number in numbers if number in "".join(lines)] for kind, lines in bills.items()}
    assert held == {"ALL": numbers[:2], "SUCCESS": [], "REFUND": numbers[:2], "RECHARGE_REFUND": numbers[2:]}
    assert bills["RECHARGE_REFUND"][0].endswith(",返还手续费")
    assert bills["RECHARGE_REFUND"][-1] == "`1.0,`0.00,`0.10,`0.00,`0.00,`0.00,`0.10"


async def test_without_such_refunds_there_is_no_such_bill(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    await bought(merchant, wire, openid)
    await to_ten_next_day(wire)

    merchant.refusal(await merchant.call("GET", f"{QUERY}&bill_type=RECHARGE_REFUND"), 400, "NO_STATEMENT_EXIST")


async def test_each_type_has_its_rows_and_columns(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    await bought(merchant, wire, openid)
    await to_ten_next_day(wire)

    paid = await text_of(merchant, f"{QUERY}&bill_type=SUCCESS")
    back = await text_of(merchant, f"{QUERY}&bill_type=REFUND")

    assert [len(paid), len(back)] == [4, 4]
    assert "退款" not in paid[0]
    assert "`SUCCESS,`OTHERS" in paid[1]
    assert paid[2:] == ["总交易单数,应结订单总金额,手续费总金额,订单总金额", "`1.0,`1.00,`0.00,`1.00"]
    assert "退款申请时间,退款成功时间" in back[0]
    assert "`2026-01-01 08:01:00,`2026-01-01 08:01:30" in back[1]
    assert back[3] == "`1.0,`0.00,`0.40,`0.00,`0.00,`0.00,`0.40"


async def test_a_refund_stands_in_the_bill_of_the_day_it_was_asked_for(
    merchant: MerchantClient, wire: Wire, openid: str
) -> None:
    await wire.control("clock", {"advance": 16 * HOUR - 1})  # 23:59:59
    paid = await merchant.paid(openid)
    await wire.control("clock", {"advance": 2})
    merchant.verified(await merchant.refund(merchant.refund_of(paid, 40)))
    await wire.control("clock", {"advance": 34 * HOUR})

    first, second = await text_of(merchant), await text_of(merchant, QUERY.replace(DAY, "2026-01-02"))

    assert (first[1][:20], second[1][:20]) == ("`2026-01-01 23:59:59", "`2026-01-02 00:00:01")
    assert (len(first), len(second)) == (4, 4)


async def test_a_download_is_signed_by_the_merchant_and_by_nobody_else(
    merchant: MerchantClient, wire: Wire, openid: str
) -> None:
    await merchant.paid(openid)
    await to_ten_next_day(wire)
    answer = await asked(merchant)
    parts = urlsplit(answer["download_url"])
    target = f"{parts.path}?{parts.query}"

    fetch = await merchant.call("GET", target)
    unsigned = await merchant.send(merchant.request("GET", target))

    assert fetch.status_code == 200
    assert not [name for name in fetch.headers if name.startswith("wechatpay-")]
    merchant.refusal(unsigned, 401, "SIGN_ERROR")


async def test_a_token_is_good_for_five_minutes(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    await merchant.paid(openid)
    await to_ten_next_day(wire)
    answer = await asked(merchant)

    await wire.control("clock", {"advance": 299})
    assert (await fetched(merchant, answer)).status_code == 200
    await wire.control("clock", {"advance": 1})

    merchant.refusal(await fetched(merchant, answer), 400, "INVALID_REQUEST")
    merchant.refusal(await merchant.call("GET", "/v3/billdownload/file?token=none"), 400, "INVALID_REQUEST")
    merchant.refusal(await merchant.call("GET", "/v3/billdownload/file"), 400, "PARAM_ERROR")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?bill_date=20260101",
        "?bill_date=2026-02-30",
        f"?bill_date={DAY}&bill_type=SOME",
        f"?bill_date={DAY}&tar_type=ZIP",
        f"?bill_date={DAY}&sub_mchid=1",
    ],
)
async def test_other_parameters_are_refused(merchant: MerchantClient, query: str) -> None:
    merchant.refusal(await merchant.call("GET", f"/v3/bill/tradebill{query}"), 400, "PARAM_ERROR")


async def test_differences_are_planted_and_end_with_a_reset(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    # given
    paid, refund = await bought(merchant, wire, openid)
    other = await merchant.paid(openid)
    await to_ten_next_day(wire)
    faults = [
        {"fault": "drop", "outRefundNo": refund["out_refund_no"]},
        {"fault": "amount", "transactionId": paid["transaction_id"], "amount": 101},
        {"fault": "state", "outTradeNo": other["out_trade_no"], "state": "REVOKED", "date": DAY},
        {"fault": "add", "transactionId": "4200foreign", "outTradeNo": "FOREIGN", "amount": 5},
        {"fault": "drop", "outTradeNo": other["out_trade_no"], "date": "2026-01-02"},
    ]
    # when
    ordered = await wire.control("bill-faults", {"date": DAY, "faults": faults}, "PUT")
    # then
    assert ordered["faults"][0] == {"fault": "drop", "date": DAY, "outRefundNo": refund["out_refund_no"]}
    lines = await text_of(merchant)
    assert [line.count("`SUCCESS,`OTHERS") for line in lines] == [0, 1, 0, 1, 0, 0]
    assert [line.count("`REVOKED,`OTHERS") for line in lines] == [0, 0, 1, 0, 0, 0]
    assert lines[-1] == "`3.0,`2.06,`0.00,`0.00,`0.00,`2.06,`0.00"
    await wire.control("bill-faults", {"faults": []}, "PUT")
    assert (await text_of(merchant))[-1] == "`3.0,`2.00,`0.40,`0.00,`0.00,`2.00,`0.40"


async def test_a_planted_refund_row_and_a_repeated_one(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    paid, refund = await bought(merchant, wire, openid)
    await to_ten_next_day(wire)
    named = {"outRefundNo": refund["out_refund_no"]}
    of_paid = {"transactionId": paid["transaction_id"], "outTradeNo": paid["out_trade_no"]}
    faults = [
        {"fault": "amount", "amount": 39, **named},
        {"fault": "state", "state": "FAIL", **named},
        {"fault": "repeat", **named},
        {"fault": "add", "outRefundNo": "RF", "amount": 1, "at": "2026-01-01T23:59:59+08:00", **of_paid},
    ]

    await wire.control("bill-faults", {"faults": faults}, "PUT")

    lines = await text_of(merchant)
    assert ["`FAIL," in line for line in lines] == [False, False, True, True, False, False, False]
    assert lines[4].startswith("`2026-01-01 23:59:59")
    assert lines[-1] == "`4.0,`1.00,`0.79,`0.00,`0.00,`1.00,`0.79"


async def test_files_can_be_broken(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    await merchant.paid(openid)
    await to_ten_next_day(wire)
    whole = (await fetched(merchant, await asked(merchant))).content

    found = {}
    for fault in ("hash", "truncate", "header", "summary"):
        await wire.control("bill-faults", {"faults": [{"fault": fault}]}, "PUT")
        answer = await asked(merchant)
        content = (await fetched(merchant, answer)).content
        fits = answer["hash_value"] == hashlib.sha1(content, usedforsecurity=False).hexdigest()
        found[fault] = (content == whole, fits)

    assert found == {
        "hash": (True, False),
        "truncate": (False, False),
        "header": (False, True),
        "summary": (False, True),
    }


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"faults": [{}]}, "faults[0] needs fault"),
        ({"faults": ["drop"]}, "faults[0] is not an object"),
        ({"faults": [{"fault": "melt"}]}, "fault is none of: drop, add"),
        ({"faults": [{"fault": "drop"}]}, "faults[0] needs one of: transactionId, outTradeNo, outRefundNo"),
        ({"faults": [{"fault": "amount", "outTradeNo": "N"}]}, "faults[0] needs amount"),
        ({"faults": [{"fault": "add", "outTradeNo": "N"}]}, "faults[0] needs transactionId and outTradeNo"),
        ({"faults": [{"fault": "drop", "outTradeNo": "N", "date": "1.1.2026"}]}, "date is not yyyy-MM-dd"),
        ({"faults": [{"fault": "drop", "outTradeNo": "N", "at": "noon"}]}, "at is no time in RFC 3339"),
        ({"date": 1, "faults": []}, "date is not a text"),
        ({"fault": []}, "unknown field"),
    ],
)
async def test_a_mistyped_fault_is_refused(wire: Wire, body: dict[str, Any], complaint: str) -> None:
    assert complaint in await wire.refused("bill-faults", body, 400, "PUT")


async def test_the_front_page_names_what_can_be_planted(wire: Wire) -> None:
    page = (await wire.http.get("/")).text

    assert "GET  /v3/bill/tradebill" in page
    assert "/_sandbox/bill-faults" in page
    assert "drop | add | repeat | amount" in page
