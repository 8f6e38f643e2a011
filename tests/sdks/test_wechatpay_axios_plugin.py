"""The npm package wechatpay-axios-plugin as a merchant of the sandbox, in a process of its own.

https://github.com/TheNorthMemory/wechatpay-axios-plugin
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from sandbox.pay.keys import Merchant
from sandbox.pay.notice_xml import API_V2_KEY
from sandbox.server import create_server, running

HERE = Path(__file__).parent
DEADLINE = 60.0


@pytest.fixture(scope="module")
def trade() -> tuple[Merchant, dict[str, Any]]:
    """The merchant, and all that the script saw."""

    async def traded() -> tuple[Merchant, dict[str, Any]]:
        async with running(create_server(port=0, embedded=True)) as server:
            return server.wechat.pay.merchant, await run(server.url)

    return asyncio.run(traded())


@pytest.fixture(scope="module")
def merchant(trade: tuple[Merchant, dict[str, Any]]) -> Merchant:
    return trade[0]


@pytest.fixture(scope="module")
def seen(trade: tuple[Merchant, dict[str, Any]]) -> dict[str, Any]:
    return trade[1]


async def run(url: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        "node",
        "merchant.mjs",
        url,
        API_V2_KEY,
        cwd=HERE,
        env={"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(DEADLINE):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    # Without its packages this fails, and says which one is missing: `npm ci` in this folder installs them.
    assert (process.returncode, errors.decode()) == (0, "")
    content: dict[str, Any] = json.loads(out)
    return content


def test_an_order_is_created_and_paid(seen: dict[str, Any], merchant: Merchant) -> None:
    assert (seen["prepay"]["status"], list(seen["prepay"]["data"])) == (200, ["prepay_id"])
    assert seen["prepay"]["serial"] == merchant.public_key_id
    assert seen["cashier"] == {"errMsg": "requestPayment:ok"}


def test_it_is_queried_by_both_numbers(seen: dict[str, Any], merchant: Merchant) -> None:
    order = seen["query"]["data"]

    assert (seen["query"]["status"], order["trade_state"], order["attach"]) == (200, "SUCCESS", "桌号 7")
    assert order["payer"] == {"openid": seen["openid"]}
    assert seen["queryById"]["data"] == order
    # Who names no key is answered with the certificate's.
    assert seen["query"]["serial"] == merchant.public_key_id
    assert seen["queryById"]["serial"] in merchant.certificates


def test_an_order_is_closed(seen: dict[str, Any]) -> None:
    assert (seen["close"]["status"], seen["close"]["data"]) == (204, "")
    assert seen["closed"]["data"]["trade_state"] == "CLOSED"


def test_a_payment_is_refunded_in_parts(seen: dict[str, Any]) -> None:
    assert (seen["refund"]["status"], seen["refund"]["data"]["status"]) == (200, "PROCESSING")
    assert (seen["refundWithoutAddress"]["status"], seen["refundQuery"]["status"]) == (200, 200)
    assert seen["refundQuery"]["data"]["status"] == "SUCCESS"
    assert seen["refundQuery"]["data"]["amount"]["refund"] == 300


def test_notifications_are_verified_and_opened(seen: dict[str, Any], merchant: Merchant) -> None:
    told = {each["event"]: each for each in seen["notifications"]}
    assert sorted(told) == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS", "v2"]
    assert len(seen["notifications"]) == 3
    for event in ("TRANSACTION.SUCCESS", "REFUND.SUCCESS"):
        assert (told[event]["verified"], told[event]["changed"]) == (True, False)

    paid, refunded = told["TRANSACTION.SUCCESS"]["resource"], told["REFUND.SUCCESS"]["resource"]
    assert (paid["transaction_id"], paid["trade_state"]) == (seen["transactionId"], "SUCCESS")
    assert paid["amount"]["total"] == 880
    assert (refunded["out_refund_no"], refunded["refund_status"]) == ("refund@1", "SUCCESS")
    assert refunded["amount"] == {"total": 880, "refund": 300, "payer_total": 880, "payer_refund": 300}
    assert paid["mchid"] == refunded["mchid"] == merchant.mchid


def test_a_refund_without_an_address_is_told_in_v2(seen: dict[str, Any], merchant: Merchant) -> None:
    (told,) = [each for each in seen["notifications"] if each["event"] == "v2"]

    assert told["mchid"] == merchant.mchid
    refund = told["refund"]
    assert (refund["out_refund_no"], refund["refund_fee"], refund["total_fee"]) == ("refund@2", "80", "880")
    assert (refund["transaction_id"], refund["refund_status"]) == (seen["transactionId"], "SUCCESS")


def test_certificates_are_downloaded_and_opened(seen: dict[str, Any], merchant: Merchant) -> None:
    listed = [each["serial_no"] for each in seen["certificates"]["data"]["data"]]

    assert listed == seen["opened"] == list(merchant.certificates)


def test_what_is_wrong_is_told_with_its_code(seen: dict[str, Any]) -> None:
    assert (seen["unknown"]["status"], seen["unknown"]["data"]["code"]) == (404, "ORDER_NOT_EXIST")
    assert (seen["badSignature"]["status"], seen["badSignature"]["error"]) == (200, "EV3_RES_HEADER_SIGNATURE_DIGEST")
