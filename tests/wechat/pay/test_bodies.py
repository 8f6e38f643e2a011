"""The bytes that are stored with an order or a refund, and sent as they are."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wechat.pay.fake_pay import APPID, MCHID, NUMBER, OPENID, REFUND_NUMBER, TRANSACTION_ID
from wechat.errors import CallerBug
from wechat.pay.prepay import description_of, prepay_body
from wechat.pay.refunds import refund_body

ORDER: dict[str, Any] = {
    "appid": APPID,
    "mchid": MCHID,
    "description": "Image形象店 — 公仔",
    "out_trade_no": NUMBER,
    "time_expire": datetime(2026, 5, 4, 3, 32, 1, 999_999, tzinfo=UTC),
    "notify_url": "https://shop.example/wechat/pay/notify",
    "total": 1999,
    "openid": OPENID,
}
REFUND: dict[str, Any] = {
    "transaction_id": TRANSACTION_ID,
    "out_refund_no": REFUND_NUMBER,
    "refund": 500,
    "total": 1999,
    "notify_url": "https://shop.example/wechat/pay/notify",
    "reason": "不想要了",
}


def test_an_order_as_bytes() -> None:
    assert prepay_body(**ORDER).decode() == (
        f'{{"appid":"{APPID}","mchid":"{MCHID}","description":"Image形象店 — 公仔","out_trade_no":"{NUMBER}",'
        '"time_expire":"2026-05-04T11:32:01+08:00","notify_url":"https://shop.example/wechat/pay/notify",'
        f'"amount":{{"total":1999,"currency":"CNY"}},"payer":{{"openid":"{OPENID}"}}}}'
    )


def test_a_refund_as_bytes() -> None:
    assert refund_body(**REFUND).decode() == (
        f'{{"transaction_id":"{TRANSACTION_ID}","out_refund_no":"{REFUND_NUMBER}","reason":"不想要了",'
        '"notify_url":"https://shop.example/wechat/pay/notify",'
        '"amount":{"refund":500,"total":1999,"currency":"CNY"}}'
    )


@pytest.mark.parametrize("reason", [None, ""])
def test_without_a_reason_there_is_no_field(reason: str | None) -> None:
    assert "reason" not in json.loads(refund_body(**REFUND | {"reason": reason}))


def test_a_reason_is_cut_to_80_bytes_on_a_character() -> None:
    cut = json.loads(refund_body(**REFUND | {"reason": "退" * 30}))["reason"]

    assert cut == "退" * 26


def test_the_expiry_is_written_in_chinas_time_wherever_it_comes_from() -> None:
    elsewhere = ORDER["time_expire"].astimezone(timezone(timedelta(hours=-9, minutes=-30)))

    assert prepay_body(**ORDER | {"time_expire": elsewhere}) == prepay_body(**ORDER)


@pytest.mark.parametrize(
    ("title", "description"),
    [
        ("帽", "帽"),
        ("a" * 127, "a" * 127),
        ("a" * 128, "a" * 127),
        ("帽" * 42, "帽" * 42),
        ("帽" * 43, "帽" * 42),
        ("a" + "帽" * 42 + "b", "a" + "帽" * 42),
        ("🧸" * 32, "🧸" * 31),
        ("a\ud800b", "ab"),
    ],
    ids=range(8),
)
def test_a_description_has_at_most_127_bytes(title: str, description: str) -> None:
    assert description_of(title) == description


@given(title=st.text(max_size=200))
def test_any_title_is_cut_on_a_character(title: str) -> None:
    description = description_of(title)

    assert title.startswith(description)
    assert len(description.encode()) <= 127
    following = title[len(description) : len(description) + 1]
    assert not following or len((description + following).encode()) > 127


WRONG_ORDERS: list[dict[str, Any]] = [
    *(
        {"out_trade_no": number}
        for number in ("", "short", "x" * 33, "ord/0001", "ord@0001", "订单号一二三", "ord-0001\n")
    ),
    *({"description": text} for text in ("", "a" * 128, "帽" * 43)),
    *({"total": total} for total in (0, -1, True, 19.99, 1999.0, "1999")),
    *(
        {"notify_url": url}
        for url in ("", "https://shop.example/?a=1", "https://shop.example/#a", "https://" + "a" * 250)
    ),
    {"time_expire": datetime(2026, 5, 4)},  # noqa: DTZ001  (naive is what is refused)
    {"openid": ""},
    {"appid": ""},
    {"mchid": ""},
]


@pytest.mark.parametrize("wrong", WRONG_ORDERS, ids=range(len(WRONG_ORDERS)))
def test_an_order_that_wechat_would_refuse_is_a_bug_of_the_caller(wrong: dict[str, Any]) -> None:
    with pytest.raises(CallerBug, match="no usable") as raised:
        prepay_body(**ORDER | wrong)

    assert not any(isinstance(it, str) and it and it in str(raised.value) for it in wrong.values())


WRONG_REFUNDS: list[dict[str, Any]] = [
    *({"refund": amount} for amount in (0, -1, True, 5.0, "5", 2000)),
    *({"total": amount} for amount in (0, -1, True, 1999.0, 499)),
    *({"out_refund_no": number} for number in ("", "x" * 65, "rfd/1", "退款")),
    *({"transaction_id": number} for number in ("", "a b")),
    *({"notify_url": url} for url in ("", "https://" + "a" * 250)),
]


@pytest.mark.parametrize("wrong", WRONG_REFUNDS, ids=range(len(WRONG_REFUNDS)))
def test_a_refund_that_wechat_would_refuse_is_a_bug_of_the_caller(wrong: dict[str, Any]) -> None:
    with pytest.raises(CallerBug):
        refund_body(**REFUND | wrong)


def test_the_last_fen_can_be_refunded() -> None:
    assert json.loads(refund_body(**REFUND | {"refund": 1999}))["amount"]["refund"] == 1999
