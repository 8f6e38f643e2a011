"""Fetching a trade bill: WeChat is asked where it is, then it is streamed into a temporary file and checked.

Follows "Apply for trade bill" and "Download bill" of WeChat Pay's documentation. The download is signed by the merchant
and by nobody else: that it is WeChat's is known from its hash, which the verified first answer tells.
"""

import asyncio
import logging
import tempfile
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import IO

import httpx

from wechat.answers import required_text
from wechat.errors import BrokenOff, TimedOut, Unreachable, Unreadable, WeChatError
from wechat.http import HTTPX_ERRORS, Answer, from_httpx
from wechat.pay.bill_errors import BillBroken
from wechat.pay.bill_file import TradeBill
from wechat.pay.bill_text import DOWNLOAD
from wechat.pay.codes import code_of, error_for
from wechat.pay.sending import USER_AGENT, Call
from wechat.pay.signing import Signer
from wechat.pay.wire import content_of, rid_of
from wechat.strict_json import parse_object

TRADE_BILL = "/v3/bill/tradebill"

_OK = 200
_LONGEST_URL = 2048
_LONGEST_REFUSAL = 64 * 1024
_SHA1_DIGITS = 40
_CONNECT_SECONDS = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BillLimits:
    """Bounds of a download, in seconds and bytes: `silence` is the longest without a byte, `text` when unpacked."""

    deadline: float = 120.0
    silence: float = 30.0
    file: int = 1024 * 1024 * 1024
    text: int = 2 * 1024 * 1024 * 1024


@dataclass(frozen=True)
class BillTicket:
    """Where a bill is for five minutes, and the SHA-1 of its unpacked content in hexadecimal."""

    url: str = field(repr=False)
    sha1: str


class BillType(StrEnum):
    """Which rows a bill has. No row is in both."""

    ALL = "ALL"
    """Payments, and refunds but for those below."""
    RECHARGE_REFUND = "RECHARGE_REFUND"
    """Refunds that were made in the merchant's console out of the available balance: 充值退款."""


def bill_call(bill_date: date, bill_type: BillType, *, gzip: bool) -> Call:
    """The question for a bill of a day in China."""
    packed = "&tar_type=GZIP" if gzip else ""
    return Call("GET", TRADE_BILL, f"{TRADE_BILL}?bill_date={bill_date.isoformat()}&bill_type={bill_type}{packed}")


def read_ticket(answer: Answer) -> BillTicket:
    """What WeChat answers; raises Unreadable."""
    content = content_of(TRADE_BILL, answer)
    sha1 = required_text(TRADE_BILL, content, "hash_value", longest=_SHA1_DIGITS)
    if required_text(TRADE_BILL, content, "hash_type", longest=16).upper() != "SHA1":
        raise Unreadable(TRADE_BILL, "another kind of hash")
    # The documentation's own sample begins with a space.
    return BillTicket(required_text(TRADE_BILL, content, "download_url", longest=_LONGEST_URL).strip(), sha1)


class BillFetching:
    """Downloads bills over the client of the other calls, by bounds of its own. `address` is that of WeChat Pay."""

    def __init__(self, http: httpx.AsyncClient, signer: Signer, address: str, limits: BillLimits) -> None:
        self._http = http
        self._signer = signer
        self._is_secure = address.startswith("https://")
        self._limits = limits

    async def fetch(self, ticket: BillTicket, bill_date: date) -> TradeBill:
        """The bill, checked, for the caller to close. Raises BillBroken, an Unavailable or a PayRefused."""
        bill = TradeBill(await self._download(ticket), bill_date)
        try:
            await asyncio.to_thread(bill.check, ticket.sha1, self._limits.text)
        except BaseException as error:
            bill.close()
            _log.warning("WeChat Pay %s %s", DOWNLOAD, type(error).__name__)
            raise
        _log.debug("WeChat Pay %s answered lines=%d", DOWNLOAD, bill.lines)
        return bill

    async def _download(self, ticket: BillTicket) -> IO[bytes]:
        request = self._request(ticket)
        await self._signer.sign_request(request)
        file = tempfile.TemporaryFile()  # noqa: SIM115  (it is the bill's to close)
        failure: WeChatError
        try:
            async with asyncio.timeout(self._limits.deadline):
                await self._stream(request, file)
        except TimeoutError:
            failure = TimedOut(DOWNLOAD, f"{self._limits.deadline:g} s")
        except HTTPX_ERRORS as error:
            failure = from_httpx(DOWNLOAD, error)
        except OSError as error:
            failure = BrokenOff(DOWNLOAD, type(error).__name__)
        except BaseException:
            file.close()
            raise
        else:
            return file
        file.close()
        _log.warning("WeChat Pay %s %s", DOWNLOAD, type(failure).__name__)
        raise failure

    def _request(self, ticket: BillTicket) -> httpx.Request:
        if self._http.is_closed:
            raise Unreachable(DOWNLOAD, "the client is closed")
        try:
            url = httpx.URL(ticket.url)
        except httpx.InvalidURL:
            url = httpx.URL()
        if not url.host or url.scheme not in (("https",) if self._is_secure else ("http", "https")):
            raise Unreadable(TRADE_BILL, "no usable download_url")
        headers = {"accept": "*/*", "accept-encoding": "identity", "user-agent": USER_AGENT}
        timeout = httpx.Timeout(self._limits.silence, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS)
        return self._http.build_request("GET", url, headers=headers, timeout=timeout)

    async def _stream(self, request: httpx.Request, file: IO[bytes]) -> None:
        response = await self._http.send(request, stream=True, follow_redirects=False)
        try:
            if response.status_code != _OK:
                raise await _refusal(response)
            size = 0
            # As it came: what is packed is unpacked later, within a bound.
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > self._limits.file:
                    raise BillBroken(DOWNLOAD, f"more than {self._limits.file} bytes")
                _ = file.write(chunk)
        finally:
            await response.aclose()


async def _refusal(response: httpx.Response) -> WeChatError:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _LONGEST_REFUSAL:
            break
    answer = Answer(response.status_code, response.headers, bytes(body[:_LONGEST_REFUSAL]))
    return error_for(DOWNLOAD, answer.status, code_of(parse_object(answer.body)), rid_of(answer))
