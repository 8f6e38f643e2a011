"""Trade bills: asked for, downloaded, and believed only as a whole."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.wechat.pay.bill_server import (
    DAY,
    HEADER,
    SAMPLE,
    SAMPLE_SUMS,
    SUMMARY,
    SUMS,
    bill,
    file,
    ticket,
)
from tests.wechat.pay.fake_pay import RID, FakePay, open_pay, refusal
from wechat import errors
from wechat.pay import errors as pay_errors
from wechat.pay.bill_errors import BillBroken, NoStatement, StatementCreating
from wechat.pay.bill_text import BillRow, fen
from wechat.pay.bills import BillLimits

pytestmark = pytest.mark.anyio

CHINA = timezone(timedelta(hours=8))
PAID = BillRow(
    trade_time=datetime(2019, 2, 19, 1, 52, 32, tzinfo=CHINA),
    appid="wxab8acd895ab1638a",
    mchid="1921000401",
    out_trade_no="autotest_20190219015232_89201",
    transaction_id="4200000263201902167700134902",
    trade_state="SUCCESS",
    currency="CNY",
    total=3,
    refund_id=None,
    out_refund_no=None,
    refund=0,
    refund_state=None,
)
REFUNDED = BillRow(
    trade_time=datetime(2019, 2, 19, 5, 1, 46, tzinfo=CHINA),
    appid="wxab8acd895ab1638a",
    mchid="1921000401",
    out_trade_no="autotest_20190216081946_82335",
    transaction_id="4200000263201902167700134212",
    trade_state="REFUND",
    currency="CNY",
    total=0,
    refund_id="50000709672019011908420787722",
    out_refund_no="REF4200000263201902167700963919",
    refund=1,
    refund_state="SUCCESS",
)


async def rows(content: bytes, *, packed: bool = False, told: bytes | None = None, **options: Any) -> list[BillRow]:
    """The rows of a bill that is answered so; nothing of its file is left afterwards."""
    fake = FakePay([ticket(content if told is None else told), file(content, packed=packed)])
    before = open_files()
    try:
        async with open_pay(fake, **options) as pay:
            with await pay.trade_bill(DAY, gzip=packed) as found:
                read = list(found.rows())
                assert found.lines == len(read)
                assert list(found.rows()) == read
        return read
    finally:
        assert open_files() == before


def open_files() -> int:
    """Files that exist no more and are open all the same: temporary ones."""
    folder = Path("/proc/self/fd")
    links = [each for each in folder.iterdir() if each.is_symlink()] if folder.exists() else []
    return sum("(deleted)" in target(link) for link in links)


def target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


@pytest.mark.parametrize("packed", [False, True])
async def test_the_public_sample(*, packed: bool) -> None:
    read = await rows(bill(), packed=packed)

    assert (len(read), read[2], read[0]) == (5, PAID, REFUNDED)
    assert [(row.total, row.refund) for row in read] == [(0, 1), (0, 1), (3, 0), (1, 0), (3, 0)]
    assert [row.out_refund_no is None for row in read] == [False, False, True, True, True]


async def test_both_calls_are_signed_and_ask_for_the_day() -> None:
    # given
    fake = FakePay([ticket(bill()), file(bill(), packed=True)])
    # when
    async with open_pay(fake) as pay:
        (await pay.trade_bill(DAY)).close()
    # then
    query, download = fake.requests
    assert query.url.raw_path == b"/v3/bill/tradebill?bill_date=2019-02-19&bill_type=ALL&tar_type=GZIP"
    assert download.url.path == "/v3/billdownload/file"
    assert "wechatpay-serial" not in download.headers
    assert len(set(fake.nonces)) == 2


async def test_refunds_out_of_the_available_balance_are_a_bill_of_their_own() -> None:
    # given: one more column than others have
    header = f"{HEADER},返还手续费"
    content = bill([f"{SAMPLE[0]},`0.00000"], sums="`1.0,`0.00,`0.01,`0.0,`0.00,`0.00,`0.01", header=header)
    fake = FakePay([ticket(content), file(content, packed=True)])
    # when
    async with open_pay(fake) as pay:
        with await pay.recharge_refund_bill(DAY) as found:
            read = list(found.rows())
    # then
    assert read == [REFUNDED]
    asked = fake.requests[0].url.raw_path
    assert asked == b"/v3/bill/tradebill?bill_date=2019-02-19&bill_type=RECHARGE_REFUND&tar_type=GZIP"


async def test_without_a_mark_in_front_and_with_bare_line_ends() -> None:
    assert await rows(bill(header=HEADER.removeprefix("\ufeff"), end="\n")) == await rows(bill())


async def test_columns_are_found_by_name() -> None:
    # given: two columns have changed places and a new one is there
    def shuffled(line: str, separator: str, new: str) -> str:
        values = line.removeprefix("\ufeff").split(separator)
        return separator.join([values[5], *values[1:5], values[0], *values[6:], new])

    rows_then = [shuffled(line.removeprefix("`"), ",`", "new") for line in SAMPLE]
    # when
    read = await rows(bill([f"`{line}" for line in rows_then], header=shuffled(HEADER, ",", "新列")))
    # then
    assert read == await rows(bill())


async def test_a_bill_without_columns_of_refunds() -> None:
    header = ",".join(name for name in HEADER.split(",") if "退款" not in name)
    kept = [place for place, name in enumerate(HEADER.split(",")) if "退款" not in name]
    values = SAMPLE[2].removeprefix("`").split(",`")
    row = "`" + ",`".join(values[place] for place in kept)

    read = await rows(
        bill(
            [row],
            header=header,
            summary="总交易单数,应结订单总金额,手续费总金额,订单总金额",
            sums="`1.0,`0.03,`0.01,`0.03",
        )
    )

    assert read == [PAID]


@pytest.mark.parametrize("text", ["a,b", "a\\,b", "a,`b", "a,`0.00,`9.99,`", "`", "“,”\u2028\x85,`,`"])
async def test_a_merchants_own_text_moves_no_column(text: str) -> None:
    assert await rows(bill([SAMPLE[2].replace("`autotest,`", f"`{text},`")], sums=one_row())) == [PAID]


def one_row(total: str = "0.03") -> str:
    return f"`1.0,`{total},`0.00,`0.00,`0.00,`{total},`0.00"


@pytest.mark.parametrize(
    ("yuan", "amount"),
    [("0.00", 0), ("0.01", 1), ("19.99", 1999), ("1.1", 110), ("7", 700), ("21474836.47", 2_147_483_647)],
)
def test_yuan_are_exact_fen(yuan: str, amount: int) -> None:
    assert fen(yuan) == amount


@pytest.mark.parametrize("yuan", ["", "-1.00", "1.001", "1e3", "٣", "1,000.00", "NaN", "1.", " 1", "9" * 14])
def test_what_is_no_amount_is_refused(yuan: str) -> None:
    with pytest.raises(BillBroken, match="an amount that is none"):
        fen(yuan)


BROKEN = {
    "sums of more rows": (bill(sums=SAMPLE_SUMS), "sums that are not those"),
    "another total": (bill(sums=SUMS.replace("`0.07", "`0.08")), "sums that are not those"),
    "another refund": (bill(sums=SUMS[:-1] + "3"), "sums that are not those"),
    "half a count": (bill(sums=SUMS.replace("5.0", "5.5")), "a summary that counts nothing"),
    "no summary": (bill().partition("总交易单数".encode())[0], "no summary"),
    "no sums": (bill(sums=""), "no summary"),
    "a summary without refunds": (
        bill(summary="总交易单数,订单总金额", sums="`5.0,`0.07"),
        "a summary without refunds",
    ),
    "more behind it": (bill() + bill(), "lines behind its end"),
    "a missing column": (bill(header=HEADER.replace("微信订单号", "微信单号")), "columns that are not documented"),
    "half of the refund's columns": (
        bill(header=HEADER.replace("退款状态", "状态")),
        "columns that are not documented",
    ),
    "a column twice": (bill(header=HEADER.replace("付款银行", "货币种类")), "columns that are not documented"),
    "nothing": (b"", "columns that are not documented"),
    "a page": (b"<html></html>", "columns that are not documented"),
    "a short row": (bill([SAMPLE[0], SAMPLE[1].rpartition(",")[0]]), "another number of values"),
    "a long row": (bill([SAMPLE[0] + ",`x"], header=HEADER.replace("商品名称", "商品")), "another number of values"),
    "another day": (bill([SAMPLE[0].replace("02-19 05", "02-20 05")]), "a row of another day"),
    "no day": (bill([SAMPLE[0].replace("02-19 05:01:46", "02-19 25:01:46")]), "a row of another day"),
    "no amount": (bill([SAMPLE[2].replace("`0.03,`0.00,`", "`three,`0.00,`")]), "an amount that is none"),
    "no number": (bill([SAMPLE[2].replace("4200000263201902167700134902", "")]), "a number that is none"),
    "a long number": (bill([SAMPLE[2].replace("autotest_2", "a" * 64 + "_2")]), "a number that is none"),
    "a long line": (bill([SAMPLE[2].replace("`autotest,", f"`{'x' * 70_000},")]), "a line that is too long"),
}


@pytest.mark.parametrize("case", sorted(BROKEN))
async def test_what_is_no_whole_bill_is_not_believed(case: str) -> None:
    content, complaint = BROKEN[case]

    with pytest.raises(BillBroken, match=complaint) as caught:
        await rows(content)

    assert isinstance(caught.value, errors.Unavailable)
    assert caught.value.__context__ is None or "autotest" not in str(caught.value.__context__)


@pytest.mark.parametrize("packed", [False, True])
async def test_another_hash_is_not_believed(*, packed: bool) -> None:
    with pytest.raises(BillBroken, match="another hash"):
        await rows(bill(), packed=packed, told=bill([]))


async def test_a_packed_bill_that_ends_too_early() -> None:
    packed = gzip.compress(bill())
    fake = FakePay([ticket(bill()), file(packed[: len(packed) // 2])])

    async with open_pay(fake) as pay:
        with pytest.raises(BillBroken, match="cannot be unpacked"):
            await pay.trade_bill(DAY)


async def test_a_bomb_is_unpacked_up_to_its_bound() -> None:
    bomb = bytes(64 * 1024 * 1024)

    with pytest.raises(BillBroken, match="more than 1048576 bytes"):
        await rows(bomb, packed=True, bill_limits=BillLimits(text=1024 * 1024))


async def test_a_download_is_read_up_to_its_bound() -> None:
    with pytest.raises(BillBroken, match="more than 1000 bytes"):
        await rows(bill(), bill_limits=BillLimits(file=1000))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("NO_STATEMENT_EXIST", NoStatement),
        ("STATEMENT_CREATING", StatementCreating),
        ("INVALID_REQUEST", pay_errors.PayRefused),
    ],
)
async def test_days_without_a_bill_have_names(code: str, kind: type[pay_errors.PayRefused]) -> None:
    async with open_pay(FakePay([refusal(400, code)])) as pay:
        with pytest.raises(kind) as caught:
            await pay.trade_bill(DAY)

    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.status, caught.value.rid) == (code, 400, RID)
    assert str(caught.value).startswith("WeChat /v3/bill/tradebill: ")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"hash_type": "MD5"}, "another kind of hash"),
        ({"hash_value": None}, "no usable hash_value"),
        ({"download_url": ""}, "no usable download_url"),
        ({"download_url": "http://pay.test/v3/billdownload/file?token=x"}, "no usable download_url"),
        ({"download_url": "ftp://pay.test/x"}, "no usable download_url"),
        ({"download_url": "https://pay.test:port/x"}, "no usable download_url"),
    ],
)
async def test_an_answer_that_leads_nowhere(changed: dict[str, Any], complaint: str) -> None:
    fake = FakePay([ticket(bill(), **changed), file(bill())])

    async with open_pay(fake) as pay:
        with pytest.raises(errors.Unreadable, match=complaint):
            await pay.trade_bill(DAY)

    assert len(fake.requests) == 1


async def test_an_answer_that_nobody_signed_is_not_followed() -> None:
    forged = httpx.Response(200, content=ticket(bill()).content)
    fake = FakePay([forged, file(bill())])

    async with open_pay(fake) as pay:
        with pytest.raises(errors.Unverified):
            await pay.trade_bill(DAY)

    assert len(fake.requests) == 1


async def test_the_sample_url_of_the_documentation_begins_with_a_space() -> None:
    url = " https://pay.test/v3/billdownload/file?token=xxx"
    fake = FakePay([ticket(bill(), download_url=url), file(bill())])

    async with open_pay(fake) as pay:
        (await pay.trade_bill(DAY)).close()

    assert str(fake.requests[1].url) == url.strip()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(400, "INVALID_REQUEST"), pay_errors.PayRefused),
        (refusal(403, "NO_AUTH"), pay_errors.PayMisconfigured),
        (refusal(429, "FREQUENCY_LIMITED"), errors.RateLimited),
        (refusal(500, "SYSTEM_ERROR"), errors.Busy),
        (httpx.Response(302, headers={"location": "https://elsewhere.test/"}), errors.Unreadable),
        (httpx.Response(502, content=b"x" * 100_000), errors.Busy),
        (httpx.ConnectError("no"), errors.Unreachable),
        (httpx.ReadError("no"), errors.BrokenOff),
        (OSError("no"), errors.BrokenOff),
    ],
    ids=["refused", "no right", "too often", "busy", "redirect", "gateway", "no connection", "reset", "system"],
)
async def test_a_download_that_fails(answer: httpx.Response | Exception, kind: type[errors.WeChatError]) -> None:
    before = open_files()
    failing = answer if isinstance(answer, Exception) else file(answer.content, status=answer.status_code)
    async with open_pay(FakePay([ticket(bill()), failing])) as pay:
        with pytest.raises(kind) as caught:
            await pay.trade_bill(DAY)

    assert type(caught.value) is kind
    assert caught.value.path == "/v3/billdownload/file"
    assert open_files() == before


async def test_a_download_that_drips_ends_with_its_deadline() -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b"`"
            await asyncio.sleep(0.01)

    fake = FakePay([ticket(bill()), httpx.Response(200, content=drip())])
    async with open_pay(fake, bill_limits=BillLimits(deadline=0.2)) as pay:
        with pytest.raises(errors.TimedOut, match=r"0\.2 s"):
            await pay.trade_bill(DAY)


async def test_rows_are_compared_whole_and_say_no_payer() -> None:
    [row] = await rows(bill([SAMPLE[3]], sums=one_row("0.01")))

    assert row == replace(
        PAID,
        trade_time=datetime(2019, 2, 19, 18, 19, 32, tzinfo=CHINA),
        out_trade_no="autotest_20190219181930_76386",
        transaction_id="4200000263201902167700134203",
        total=1,
    )
    assert "oHkLxt5HnHcBDewv4dLc8xivG1DuE" not in repr(row)


async def test_an_empty_bill_has_no_rows() -> None:
    assert await rows(bill([], sums="`0.0,`0.00,`0.00,`0.00,`0.00,`0.00,`0.00", summary=SUMMARY)) == []


async def test_the_day_is_that_of_the_question() -> None:
    async with open_pay(FakePay([ticket(bill()), file(bill())])) as pay:
        with pytest.raises(BillBroken, match="another day"):
            await pay.trade_bill(date(2019, 2, 20))
