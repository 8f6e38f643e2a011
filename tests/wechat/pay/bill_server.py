"""Trade bills as WeChat would make them, written here a second time, and their two answers for a FakePay."""

import gzip
import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Any

import httpx

from tests.wechat.pay.fake_pay import ADDRESS, signed

DAY = date(2019, 2, 19)
HEADER = (
    "\ufeff交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
_APP = "`wxab8acd895ab1638a,`1921000401,`0"
_REFUND = (
    "`2019-02-19 05:01:46,{app},`harryma007,`{transaction},`{number},`{payer},`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,"
    "`0.00,`{refund_id},`{refund},`0.01,`0.00,`ORIGINAL,`SUCCESS,`系统拨测-cheeryin-test_micropay_succ,`,`0.00000,"
    "`39.00%,`0.00,`0.01,`"
)
SAMPLE = [
    _REFUND.format(
        app=_APP,
        transaction="4200000263201902167700134212",
        number="autotest_20190216081946_82335",
        payer="oHkLxtx0vUqe-18p_AXTZ1innxkCY",
        refund_id="50000709672019011908420787722",
        refund="REF4200000263201902167700963919",
    ),
    _REFUND.format(
        app=_APP,
        transaction="4200000263201902167700134202",
        number="autotest_20190216091939_66824",
        payer="oHkLxtw2sS2bROvqfnZJcgCIFfPSE",
        refund_id="50000309860019021908485990989",
        refund="REF4200000264201902164505328587",
    ),
    (
        f"`2019-02-19 01:52:32,{_APP},`,`4200000263201902167700134902,`autotest_20190219015232_89201,"
        "`wxab8acb865bb1637e,`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.03,`0.00,`0,`0,`0.00,`0.00,`,`,`autotest,`,`0.01000,"
        "`39.00%,`0.03,`0.00,`"
    ),
    (
        f"`2019-02-19 18:19:32,{_APP},`harryma007,`4200000263201902167700134203,`autotest_20190219181930_76386,"
        "`oHkLxt5HnHcBDewv4dLc8xivG1DuE,`JSAPI,`SUCCESS,`OTHERS,`CNY,`0.01,`0.00,`0,`0,`0.00,`0.00,`,`,"
        "`系统拨测-cheeryin-test_micropay_succ,`,`0.00000,`39.00%,`0.01,`0.00,`"
    ),
    (
        f"`2019-02-19 01:51:59,{_APP},`,`4200000263201902167700136502,`autotest_20190219015157_13391,"
        "`wxab8acd865bb1637e,`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.03,`0.01,`0,`0,`0.00,`0.00,`,`,`autotest,`,`0.01000,"
        "`39.00%,`0.03,`0.00,`"
    ),
]
"""Rows of the public sample of wechatpay-axios-plugin, tests/fixtures/bill.ALL.csv."""
SAMPLE_SUMS = "`45.0,`0.47,`0.14,`0.0,`0.08,`0.47,`0.14"
"""The sample's own, which are those of all its 45 rows."""
SUMS = "`5.0,`0.07,`0.02,`0.0,`0.02,`0.07,`0.02"


def bill(
    rows: Iterable[str] = SAMPLE, *, header: str = HEADER, summary: str = SUMMARY, sums: str = SUMS, end: str = "\r\n"
) -> bytes:
    return "".join(f"{line}{end}" for line in (header, *rows, summary, sums)).encode()


def sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def ticket(content: bytes, **changed: Any) -> httpx.Response:
    """The answer to the question, of the hash of `content`."""
    url = f"{ADDRESS}/v3/billdownload/file?token=6XIv5TUPto7pByrTQKhd6kwvyKLG2uY2wMMR8cNXqaA_Cv_isgaUtBzp4QtiozLO"
    return signed({"hash_type": "SHA1", "hash_value": sha1(content), "download_url": url, **changed})


def file(content: bytes, *, packed: bool = False, status: int = 200) -> httpx.Response:
    """The download, unsigned."""
    body = gzip.compress(content, 1) if packed else content
    return httpx.Response(status, stream=httpx.ByteStream(body), headers={"content-type": "application/x-gzip"})
