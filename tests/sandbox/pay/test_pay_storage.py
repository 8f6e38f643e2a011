"""What WeChat Pay keeps over a restart: keys, orders, refunds, notices."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.offline_wechat import OfflineWeChat
from sandbox.server import create_server, running
from sandbox.storage import StateFileError
from tests.sandbox.pay.merchant_client import JSAPI, MerchantClient
from tests.sandbox.wire import RealTime, Wire, until

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def sandbox_with(path: Path) -> AsyncIterator[MerchantClient]:
    wechat = OfflineWeChat(real_time=RealTime())
    server = create_server(port=0, state_file=path, wechat=wechat, embedded=True)
    async with running(server), httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        yield MerchantClient(Wire(server, http), wechat.pay.merchant)


async def test_a_restart_changes_nothing_but_the_switches(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with sandbox_with(path) as merchant:
        openid = (await merchant.wire.control("users"))["openid"]
        order = merchant.order(openid)
        prepay_id = await merchant.prepay(order)
        paid = await merchant.paid(openid)
        refund = merchant.refund_of(paid, 40)
        await merchant.refund(refund)
        await merchant.wire.control("certificates/rotate")
        await merchant.wire.control("switches", {"notEnough": True}, "PUT")
        await merchant.wire.control("notifications/wait", {"seconds": 5})
        before, held = await merchant.wire.state(), merchant.wire.server.wechat.pay.merchant

    async with sandbox_with(path) as merchant:
        assert merchant.merchant == held
        after = await merchant.wire.state()
        assert {**after, "calls": {}} == {**before, "calls": {}}
        assert (await merchant.wire.control("switches", method="GET"))["notEnough"] is False
        await merchant.prepay(order)
        assert await merchant.pay(openid, prepay_id) == "ok"
        merchant.refusal(await merchant.call("POST", JSAPI, {**order, "attach": "a"}), 400, "ORDER_PAID")
        merchant.verified(await merchant.refund(refund))
        await merchant.wire.advance(30)
        assert (await merchant.refunded(refund["out_refund_no"]))["status"] == "SUCCESS"


async def test_keys_are_kept_as_soon_as_they_are_there(tmp_path: Path) -> None:
    path = tmp_path / "state.json"

    async def exists() -> bool:
        return path.exists()

    async with sandbox_with(path) as merchant:
        await until(exists)

    assert json.loads(path.read_bytes())["keys"]["merchant_serial"] == merchant.merchant.serial
    async with sandbox_with(path) as again:
        assert again.merchant == merchant.merchant


def test_keys_are_kept_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    server = create_server(port=0, state_file=path, embedded=True)

    serial = server.wechat.pay.merchant.serial

    assert json.loads(path.read_bytes())["keys"]["merchant_serial"] == serial


def test_each_sandbox_has_keys_of_its_own_name() -> None:
    one, two = OfflineWeChat().pay.merchant, OfflineWeChat().pay.merchant

    assert one.serial != two.serial
    assert one.public_key_id != two.public_key_id


def test_a_file_of_before_there_were_payments_stays_good(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"version": 1, "offset": 5, "users": [], "codes": [], "tokens": [], "forced": []}))

    server = create_server(port=0, state_file=path, embedded=True)

    assert server.wechat.clock.offset == 5
    assert server.wechat.state.orders == {}
    assert server.wechat.pay.merchant.mchid == "1900005440"


GOOD: dict[str, Any] = {"version": 1, "offset": 0, "users": [], "codes": [], "tokens": [], "forced": []}
TRANSACTION = {
    "transaction_id": "1",
    "out_trade_no": "N00001",
    "openid": "o1",
    "total": 1,
    "currency": "CNY",
    "paid_at": 0,
}
NOTICE: dict[str, Any] = {
    "id": "1",
    "event_type": "TRANSACTION.SUCCESS",
    "original_type": "transaction",
    "url": "http://127.0.0.1:9/",
    "resource": {"out_trade_no": "N00001"},
    "created_at": 0,
    "due_at": 0.5,
}


@pytest.mark.parametrize(
    "damage",
    [
        {"transactions": [{**TRANSACTION, "total": 1.5}]},
        {"transactions": [{**TRANSACTION, "total": True}]},
        {"transactions": [{**TRANSACTION, "refunded": 1}]},
        {"notifications": [{**NOTICE, "attempts": [{"at": 1}]}]},
        {"notifications": [{**NOTICE, "attempts": [{"at": 1, "status": "200"}]}]},
        {"notifications": [{**NOTICE, "attempts": {}}]},
        {"notifications": [{**NOTICE, "resource": []}]},
        {"orders": {}},
        {"keys": {}},
        {"keys": []},
    ],
    ids=range(10),
)
def test_a_damaged_file_is_refused(tmp_path: Path, damage: dict[str, Any]) -> None:
    path = tmp_path / "state.json"
    attempt = {"at": 1, "status": None, "error": "timeout"}
    good = {**GOOD, "transactions": [TRANSACTION], "notifications": [{**NOTICE, "attempts": [attempt]}]}
    path.write_text(json.dumps(good))
    server = create_server(port=0, state_file=path, embedded=True)
    assert server.wechat.state.notifications["1"].attempts[0].error == "timeout"
    path.write_text(json.dumps({**good, **damage}))

    with pytest.raises(StateFileError):
        create_server(port=0, state_file=path, embedded=True)
