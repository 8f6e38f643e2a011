"""`appletql reconcile`: its table, its files and its exit codes."""

import asyncio
import csv
import json
import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.process.forked import run
from tests.reconciliation.days import next_morning, plant, today
from tests.shop import Shop

pytestmark = pytest.mark.anyio


async def command(shop: Shop, folder: Path, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """Beside the running server, with its settings."""
    settings = shop.application._settings
    apps = [
        {"appid": app.appid, "secret": app.secret.get_secret_value(), "name": app.name}
        for app in settings.mini_programs
    ]
    environment = {
        "ENVIRONMENT": "development",
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "SECRET_KEYS": ",".join(key.get_secret_value() for key in settings.secret_keys),
        "WECHAT_API_URL": settings.wechat_api_url,
        "PAY_API_URL": settings.pay_api_url,
        "APPS": json.dumps(apps),
        "MCHID": str(settings.mchid),
        "MCH_SERIAL": str(settings.mch_serial),
        "MCH_KEY_FILE": str(settings.mch_key_file),
        "APIV3_KEY": ",".join(key.get_secret_value() for key in settings.apiv3_key),
        "PAY_PUBLIC_KEY_ID": str(settings.pay_public_key_id),
        "PAY_PUBLIC_KEY_FILE": str(settings.pay_public_key_file),
        "PUBLIC_URL": str(settings.public_url),
        **changed,
    }
    given = {f"APPLETQL_{name}": value for name, value in environment.items()}
    return await asyncio.to_thread(run, folder, "reconcile", *arguments, COLUMNS="90", **given)


async def one_of_each(shop: Shop) -> tuple[date, dict[str, Any], dict[str, Any]]:
    """A day with a payment that can be repaired and one whose amount differs: the day and both orders."""
    buyer, product = await shop.buyer(), await shop.product(1250)
    differing = await shop.paid(buyer, product)
    lost = await shop.ordered(buyer, product)
    await shop.notifications("drop")
    await shop.phone(buyer, lost["paymentParams"])
    await shop.delivered()
    await plant(shop, {"fault": "amount", "amount": 1, "outTradeNo": differing["number"]})
    return await next_morning(shop), differing, lost["order"]


async def test_yesterday_with_its_files(shop: Shop, tmp_path: Path) -> None:
    # given
    day, differing, lost = await one_of_each(shop)
    # when
    done = await command(shop, tmp_path, "--csv", "found.csv", "--json", "found.json")
    # then
    assert done.returncode == 3, done.stderr
    head, first, second, last = done.stdout.splitlines()
    assert head.split() == ["what", "order,", "or", "transaction", "bill", "here"]
    assert first.split() == ["ALARM", "payment", "amount", differing["number"], "0.01", "12.50"]
    assert second.split() == ["repaired", "payment", "only", "there", lost["number"], "12.50", "-"]
    assert last == f"{day.isoformat()}: 2 rows, 1 repaired, 1 alarm"
    assert "rows: 100 %" in done.stderr
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["sort"], row["number"], row["repaired"]) for row in rows] == [
        ("payment amount", differing["number"], "False"),
        ("payment only there", lost["number"], "True"),
    ]
    report = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert {name: report[name] for name in report if name != "differences"} == {
        "date": day.isoformat(),
        "lines": 2,
        "repaired": 1,
        "alarms": 1,
        "counts": {"payment amount": 1, "payment only there": 1},
        "foreign": 0,
        "notAsked": 0,
    }
    assert [each["orderId"] for each in report["differences"]] == [differing["id"], lost["id"]]
    assert (await shop.row(lost["id"])).status == "PAID"


async def test_a_day_without_alarms_ends_with_0(shop: Shop, tmp_path: Path) -> None:
    await shop.paid(await shop.buyer(), await shop.product(1250))
    day = await next_morning(shop)

    done = await command(shop, tmp_path, "--date", day.isoformat())

    assert (done.returncode, done.stdout) == (0, f"{day.isoformat()}: 1 row, 0 repaired, 0 alarms\n")


async def test_what_cannot_be_done_is_one_line_and_exit_code_1(shop: Shop, tmp_path: Path) -> None:
    day = today(shop)

    early = await command(shop, tmp_path, "--date", day.isoformat(), "--csv", "found.csv")
    old = await command(shop, tmp_path, "--date", "2020-02-02")
    unset = await command(shop, tmp_path, SECRET_KEYS="")
    wrong = await command(shop, tmp_path, "--date", "yesterday")

    ready = (day + timedelta(days=1)).isoformat()
    assert [(each.returncode, each.stdout) for each in (early, old, unset, wrong)] == [
        (1, ""),
        (1, ""),
        (1, ""),
        (2, ""),
    ]
    told = f"appletql: WeChat's bill of {day.isoformat()} is ready from 10:00 of {ready} on, in China's time."
    assert early.stderr.splitlines()[-1] == told
    assert old.stderr.splitlines()[-1].endswith("2020-02-02 is too long ago.")
    assert "APPLETQL_SECRET_KEYS" in unset.stderr
    assert not (tmp_path / "found.csv").exists()


async def test_a_table_fits_the_terminal_and_names_the_rest(shop: Shop, tmp_path: Path) -> None:
    await plant(
        shop,
        {"fault": "add", "transactionId": "4200X", "outTradeNo": "X"},
        *(
            {"fault": "add", "transactionId": f"4200{it:024}", "outTradeNo": f"X-{it}", "appid": shop.appids[0]}
            for it in range(60)
        ),
    )
    day = await next_morning(shop)

    done = await command(shop, tmp_path)

    assert done.returncode == 3, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 53
    assert max(len(line) for line in lines[:51]) <= 90
    assert lines[-2] == "and 10 more: --csv or --json writes all of them"
    assert lines[-1] == f"{day.isoformat()}: 61 rows, 0 repaired, 60 alarms, 1 of other mini programs"
