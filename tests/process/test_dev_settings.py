"""`appletql dev` beside an .env that was written for another server: its own address and WeChat are its own."""

import shlex
from pathlib import Path
from typing import Any

import httpx

from tests.process.running import free_port, started, stop, wait_until_ready
from tests.process.test_dev import Dev, login
from tests.shop import CREATE, SHOW

PRODUCTS = "{ products { nodes { id } } }"
STRAY = {
    "APPLETQL_ENVIRONMENT": "production",
    "APPLETQL_HOST": "0.0.0.0",  # noqa: S104  (dev must not take it)
    "APPLETQL_PUBLIC_URL": "https://shop.example",
    "APPLETQL_MCHID": "no number",
    "APPLETQL_ORDER_TTL": "7",
}


def passed_over(folder: Path) -> list[str]:
    lines = (folder / "output").read_text().splitlines()
    return [line for line in lines if line.startswith("passed over")]


def test_an_env_of_another_server_leads_no_notification_away(tmp_path: Path) -> None:
    # given
    dev = Dev(free_port(), free_port())
    _ = (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in STRAY.items()))
    # when
    with started(tmp_path, "dev", **dev.environment) as process:
        wait_until_ready(dev.url)
        buyer: Any = login(dev.url, dev.sandbox)
        product = dev.ask(PRODUCTS)["nodes"][0]
        wanted = {"items": [{"productId": product["id"], "quantity": 1}], "idempotencyKey": "one"}
        made = dev.ask(CREATE, buyer["token"], input=wanted)
        said = dev.order("wx/requestPayment", openid=buyer["openid"], **made["paymentParams"])
        assert dev.order("notifications/wait", seconds=20)["idle"]
        notified = httpx.get(f"{dev.sandbox}/_sandbox/state", timeout=20).json()["notifications"]
        paid = dev.ask(SHOW, buyer["token"], id=made["order"]["id"])
        assert stop(process) == 0
    # then
    assert said == {"errMsg": "requestPayment:ok"}
    assert [it["url"] for it in notified] == [f"{dev.url}/wechat/pay/notify"]
    assert paid["status"] == "PAID"
    told = "passed over, since `dev` has its own: "
    names = "APPLETQL_ENVIRONMENT, APPLETQL_HOST, APPLETQL_PUBLIC_URL, APPLETQL_MCHID"
    assert passed_over(tmp_path) == [f"{told}{names}"]
    assert not [value for value in ("shop.example", "no number") if value in (tmp_path / "output").read_text()]
    kept = dict(
        line.removeprefix("export ").split("=", 1) for line in (tmp_path / ".appletql" / "env").read_text().splitlines()
    )
    assert shlex.split(kept["APPLETQL_PUBLIC_URL"]) == [dev.url]


def test_what_dev_wrote_itself_is_not_passed_over(tmp_path: Path) -> None:
    dev = Dev(free_port(), free_port())
    with started(tmp_path, "dev", **dev.environment) as process:
        wait_until_ready(dev.url)
        assert stop(process) == 0
    lines = (tmp_path / ".appletql" / "env").read_text().splitlines()
    sourced = dict(line.removeprefix("export ").split("=", 1) for line in lines)

    with started(
        tmp_path, "dev", **dev.environment, **{name: shlex.split(value)[0] for name, value in sourced.items()}
    ) as process:
        wait_until_ready(dev.url)
        assert stop(process) == 0

    assert passed_over(tmp_path) == []
