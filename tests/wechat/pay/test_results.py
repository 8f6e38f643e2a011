"""Orders and refunds as WeChat tells them: what may be missing, and what must be of its kind."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.wechat.pay.fake_pay import CONTENT, NUMBER, OPENID, REFUND, REFUND_NUMBER, TRANSACTION_ID
from wechat.errors import Unreadable
from wechat.pay.results import PaymentParams, RefundAnswer, Transaction, read_refund, read_time, read_transaction

PATH = "/v3/path"


def test_an_unpaid_order_has_little_to_tell() -> None:
    assert read_transaction(PATH, {"trade_state": "NOTPAY"}) == Transaction(
        mchid=None,
        appid=None,
        out_trade_no=None,
        transaction_id=None,
        trade_state="NOTPAY",
        openid=None,
        total=None,
        currency=None,
        success_time=None,
    )


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_are_nothing(nothing: str | None) -> None:
    names = ("mchid", "appid", "out_trade_no", "transaction_id", "success_time")
    empty = {
        **dict.fromkeys(names, nothing),
        "payer": {"openid": nothing},
        "amount": {"currency": nothing, "total": None},
    }

    assert read_transaction(PATH, {**empty, "trade_state": "CLOSED"}) == read_transaction(
        PATH, {"trade_state": "CLOSED"}
    )
    assert read_transaction(PATH, {"payer": None, "amount": None, "trade_state": "CLOSED"}).total is None


def test_the_total_is_never_what_the_payer_paid() -> None:
    assert read_transaction(PATH, dict(CONTENT)).total == 1999
    assert read_transaction(PATH, {**CONTENT, "amount": {"payer_total": 999}}).total is None


@pytest.mark.parametrize("state", ["SUCCESS", "REFUND", "REVOKED", "USERPAYING", "SOMETHING_NEW", "新"])
def test_a_state_is_kept_as_the_word_that_it_is(state: str) -> None:
    assert read_transaction(PATH, {"trade_state": state}).trade_state == state
    assert read_refund(PATH, {"status": state}).status == state


def test_a_refund_as_it_is_answered() -> None:
    assert read_refund(PATH, dict(REFUND)) == RefundAnswer(
        refund_id="50000000382019052709732678859",
        out_refund_no=REFUND_NUMBER,
        transaction_id=TRANSACTION_ID,
        out_trade_no=NUMBER,
        mchid=None,
        status="PROCESSING",
        refund=500,
        total=1999,
        currency="CNY",
        success_time=None,
        created=datetime(2026, 5, 4, 3, 1, 58, tzinfo=UTC),
    )


def test_the_status_of_a_notice_is_not_taken_for_that_of_an_answer() -> None:
    with pytest.raises(Unreadable, match="no usable status"):
        read_refund(PATH, {"refund_status": "SUCCESS"})
    with pytest.raises(Unreadable, match="no usable refund_status"):
        read_refund(PATH, {"status": "SUCCESS"}, status="refund_status")


@pytest.mark.parametrize("amount", [True, False, 1.0, 19.99, "1999", -1, 2**53, 10**4000, [], {}], ids=range(10))
def test_an_amount_is_a_whole_number_of_fen(amount: Any) -> None:
    for name in ("total", "refund"):
        with pytest.raises(Unreadable, match=f"no usable {name}"):
            read_refund(PATH, {"status": "SUCCESS", "amount": {name: amount}})
    with pytest.raises(Unreadable, match="no usable total"):
        read_transaction(PATH, {"trade_state": "SUCCESS", "amount": {"total": amount}})


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2018-06-08T10:34:56+08:00", datetime(2018, 6, 8, 2, 34, 56, tzinfo=UTC)),
        ("2018-06-08T02:34:56Z", datetime(2018, 6, 8, 2, 34, 56, tzinfo=UTC)),
        ("2018-06-08T10:34:56.5+08:00", datetime(2018, 6, 8, 2, 34, 56, 500_000, tzinfo=UTC)),
        ("2018-06-08T10:34:56", None),
        ("2018-06-08", None),
        ("20180608103456", None),
        ("2018-13-08T10:34:56+08:00", None),
        ("2018-06-08T10:34:56+99:00", None),
        ("0001-01-01T00:00:00+08:00", None),
        ("\uff12018-06-08T10:34:56+08:00", None),
        ("", None),
        (1528425296, None),
        (None, None),
    ],
    ids=range(13),
)
def test_a_time_is_aware_in_utc_or_nothing(text: object, time: datetime | None) -> None:
    found = read_time(text)

    assert found == time
    assert found is None or found.tzinfo is UTC


def test_no_repr_shows_who_pays_or_how() -> None:
    transaction = read_transaction(PATH, dict(CONTENT))
    params = PaymentParams("1", "n", "prepay_id=wx1", "RSA", "c2lnbmF0dXJl")

    assert OPENID not in repr(transaction)
    assert "wx1" not in repr(params)
    assert "c2ln" not in repr(params)
