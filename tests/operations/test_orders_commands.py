"""`appletql orders`: the list, the story of one, and asking WeChat, beside a server that goes on."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.accounts import User
from models.orders import Order
from services.payments.resolving import Decision
from tests.databases import Databases, SqliteFolder
from tests.operations.steps import (
    command,
    fits_a_terminal,
    held_order,
    pay_by_itself,
    resolving,
    serving_command,
)
from tests.orders.notices import tables
from tests.process.forked import run
from tests.shop import QUERY_PATH, Shop

pytestmark = pytest.mark.anyio

REMARK, REASON = "只有买家和商家知道", "只有操作员知道"


async def listed(shop: Shop, folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = await command(shop, folder, "orders", "list", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)["orders"]
    assert isinstance(found, list)
    return found


async def test_the_list_fits_a_terminal_and_filters(shop: Shop, tmp_path: Path) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250)
    paid = await shop.paid(buyer, tea)
    closed = (await shop.ordered(buyer, tea))["order"]
    await shop.cancel(buyer, closed["id"])
    pending = (await shop.ordered(buyer, tea, quantity=2))["order"]
    held = await held_order(shop, {"amount": 1249})
    # when
    whole = await command(shop, tmp_path, "orders", "list")
    own = await command(shop, tmp_path, "orders", "list", "--user", buyer.user_id)
    # then
    row = await shop.row(pending["id"])
    created = f"{row.created_at:%Y-%m-%d %H:%M}"
    assert own.stdout.splitlines()[:2] == [
        "NUMBER               STATUS                   TOTAL    REFUNDED CREATED (UTC)",
        f"{pending['number']} PENDING                  25.00           - {created}",
    ]
    assert [line.split()[:2] for line in own.stdout.splitlines()[1:]] == [
        [pending["number"], "PENDING"],
        [closed["number"], "CLOSED"],
        [paid["number"], "PAID"],
    ]
    assert f"{held.number} PENDING held " in whole.stdout.splitlines()[1]
    assert fits_a_terminal(whole.stdout)
    assert (own.returncode, own.stderr) == (0, "")
    # and
    numbers = {name: it["number"] for name, it in (("paid", paid), ("closed", closed), ("pending", pending))}
    both = await listed(shop, tmp_path, "--user", buyer.user_id, "--status", "paid", "--status", "CLOSED")
    assert [it["number"] for it in both] == [numbers["closed"], numbers["paid"]]
    assert (await listed(shop, tmp_path, "--held"))[0]["number"] == held.number
    assert [it["isHeld"] for it in await listed(shop, tmp_path, "--limit", "1")] == [True]
    assert await listed(shop, tmp_path, "--since", "2999-01-01") == []
    assert len(await listed(shop, tmp_path, "--since", "2020-01-01", "--user", buyer.user_id)) == 3
    assert both[1] == {
        "id": paid["id"],
        "number": paid["number"],
        "userId": buyer.user_id,
        "status": "PAID",
        "total": 1250,
        "refunded": 0,
        "tradeState": "SUCCESS",
        "createdAt": paid["createdAt"],
        "expiresAt": paid["expiresAt"],
        "paidAt": paid["paidAt"],
        "closedAt": None,
        "isHeld": False,
        "isClosing": False,
    }


async def test_the_largest_amounts_and_longest_words_fit(shop: Shop, tmp_path: Path) -> None:
    buyer = await shop.buyer()
    order = await shop.paid(buyer, await shop.product(2_147_483_647, title="茶" * 128))
    await shop.refund(await shop.operator(), order["id"], 2_147_483_646, reason=REASON)
    await shop.advance(120)
    await shop.delivered()

    table = await command(shop, tmp_path, "orders", "list", "--user", buyer.user_id)
    story = await command(shop, tmp_path, "orders", "show", order["number"])

    assert f"{order['number']} PARTIALLY_REFUNDED 21474836.47 21474836.46 " in table.stdout
    assert fits_a_terminal(table.stdout)
    assert fits_a_terminal(story.stdout)
    assert story.stdout.count("茶") == 128
    assert "+21474836.47, balance 21474836.47" in story.stdout


async def test_a_user_who_was_joined_stands_for_the_one_that_is_left(shop: Shop, tmp_path: Path) -> None:
    left, joined = await shop.buyer(), await shop.buyer()
    made = (await shop.ordered(left, await shop.product()))["order"]

    async def join(into: str | None) -> None:
        assert await User.filter(id=joined.user_id).update(merged_into_id=into) == 1

    await shop.units.run(join, left.user_id)

    assert [it["number"] for it in await listed(shop, tmp_path, "--user", joined.user_id)] == [made["number"]]
    await shop.units.run(join, None)


async def test_the_story_of_an_order_in_time_order(shop: Shop, tmp_path: Path) -> None:
    # given
    buyer, operator = await shop.buyer(), await shop.operator()
    tea = await shop.product(1250, title="龙井")
    order = await shop.paid(buyer, tea, quantity=2, remark=REMARK)
    refund = (await shop.refund(operator, order["id"], 1000, reason=REASON))["refund"]
    await shop.advance(120)
    await shop.delivered()
    before = await tables(shop)
    # when
    done = await command(shop, tmp_path, "orders", "show", order["number"])
    by_id = await command(shop, tmp_path, "orders", "show", order["id"])
    document = json.loads((await command(shop, tmp_path, "orders", "show", order["id"], "--json")).stdout)
    # then
    transaction = order["payment"]["transactionId"]
    head, whose, until, title, *moments = done.stdout.splitlines()[1:]
    assert done.stdout.splitlines()[0] == f"{order['number']}  {order['id']}"
    assert head == "PARTIALLY_REFUNDED, total 25.00, refunded 10.00 yuan"
    assert whose == f"of {buyer.user_id} in {shop.appids[0]}"
    assert until.startswith("payable until 20")
    assert title == "       25.00 = 2 x 12.50  龙井"
    assert moments[0] == "TIME (UTC)          WHAT"
    assert [line[20:] for line in moments[1:]] == [
        "placed   25.00",
        "WeChat   prepay: prepay_id",
        "notice   TRANSACTION.SUCCESS",
        f"payment  25.00, transaction {transaction}",
        "ledger   +25.00, balance 25.00",
        f"refund   10.00 by operator {operator.user_id},",
        f"         number {refund['id']}",
        f"WeChat   refund: {refund['id']}: PROCESSING",
        f"refund   {refund['id']} is SUCCESS",
        "notice   REFUND.SUCCESS",
        "ledger   -10.00, balance 15.00",
    ]
    assert fits_a_terminal(done.stdout)
    assert (by_id.stdout, by_id.returncode) == (done.stdout, 0)
    # and
    assert [it["what"] for it in document["moments"]] == [
        *("placed", "WeChat", "notice", "payment", "ledger"),
        *("refund", "WeChat", "refund", "notice", "ledger"),
    ]
    assert [it["balance"] for it in document["moments"] if it["what"] == "ledger"] == [2500, 1500]
    asked = next(it for it in document["moments"] if it["what"] == "refund")
    assert (asked["operatorId"], asked["amount"], asked["source"]) == (operator.user_id, 1000, "operator")
    assert document["items"] == [{"productId": tea.id, "title": "龙井", "quantity": 2, "unitPrice": 1250}]
    row = await shop.row(order["id"])
    hidden = [REMARK, REASON, buyer.openid, row.payer, row.prepay_body, str(row.prepay_id)]
    assert not [it for it in hidden if it in done.stdout + json.dumps(document, ensure_ascii=False)]
    assert await tables(shop) == before


async def test_the_story_tells_of_holding_deciding_and_closing(shop: Shop, tmp_path: Path) -> None:
    held = await held_order(shop, {"amount": 1249})
    waiting = await command(shop, tmp_path, "orders", "show", held.order_id)
    await resolving(shop).resolve(held.incidents[0], Decision.REFUND)

    done = await command(shop, tmp_path, "orders", "show", held.order_id)

    assert waiting.stdout.splitlines()[1] == "PENDING held, total 12.50, refunded 0.00 yuan"
    assert [line[20:28].strip() for line in waiting.stdout.splitlines()[6:]] == [
        *("placed", "WeChat", "notice", "incident", "held"),
    ]
    assert [line[20:28].strip() for line in done.stdout.splitlines()[6:] if line[20:28].strip()] == [
        *("placed", "WeChat", "notice", "incident", "resolved", "payment", "ledger", "refund", "closed", "WeChat"),
    ]
    assert f"{held.incidents[0]}" in waiting.stdout
    assert "resolved payment_differs: refund" in done.stdout


async def test_asking_about_named_orders_tells_what_changed(shop: Shop, tmp_path: Path) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250)
    await shop.notifications("drop")
    one = (await shop.ordered(buyer, tea))["order"]
    other = (await shop.ordered(buyer, tea))["order"]
    await pay_by_itself(shop, one["number"])
    # when
    done = await serving_command(shop, tmp_path, "orders", "sync", one["number"], other["id"])
    again = await serving_command(shop, tmp_path, "orders", "sync", one["number"])
    # then
    assert done.stdout == f"{one['number']}: PENDING -> PAID\n2 orders asked about, 1 changed\n"
    assert again.stdout == "1 order asked about, 0 changed\n"
    assert (done.returncode, again.returncode) == (0, 0)
    assert "asking: 100 %" in done.stderr
    assert (await shop.show(buyer, one["id"]))["status"] == "PAID"


async def test_asking_about_all_that_are_unpaid(shop: Shop, tmp_path: Path) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250)
    held = await held_order(shop, {"amount": 1249})
    await shop.notifications("drop")
    made = [(await shop.ordered(buyer, tea))["order"] for _ in range(12)]
    for order in made[:11]:
        await pay_by_itself(shop, order["number"])
    left = await shop.read(lambda: Order.filter(status="PENDING", held_at=None).count())
    # when
    done = await serving_command(shop, tmp_path, "orders", "sync", "--pending")
    # then
    *changes, said = done.stdout.splitlines()
    assert sorted(changes) == sorted(f"{order['number']}: PENDING -> PAID" for order in made[:11])
    assert (said, done.returncode) == (f"{left} orders asked about, 11 changed", 0)
    assert (await shop.row(made[11]["id"])).status == "PENDING"
    assert (await shop.row(held.order_id)).held_at is not None


async def test_an_order_that_cannot_be_asked_about_is_named(shop: Shop, tmp_path: Path) -> None:
    buyer, tea = await shop.buyer(), await shop.product(1250)
    await shop.notifications("drop")
    made = [(await shop.ordered(buyer, tea))["order"] for _ in range(2)]
    await pay_by_itself(shop, made[1]["number"])
    await shop.order("faults", {"faults": [{"path": QUERY_PATH, "fault": "http:403", "times": 1}]}, "PUT")

    done = await serving_command(shop, tmp_path, "orders", "sync", made[0]["number"], "2026", made[1]["number"])

    told = [line for line in done.stderr.splitlines() if line.startswith("appletql: ")]
    assert [line.split(":")[1].strip() for line in told] == [made[0]["number"], "2026"]
    assert told[1] == "appletql: 2026: there is no order of this number or id"
    assert done.stdout == f"{made[1]['number']}: PENDING -> PAID\n1 order asked about, 2 could not be, 1 changed\n"
    assert done.returncode == 1
    assert (await shop.row(made[0]["id"])).status == "PENDING"


async def test_asking_tells_of_refunds_that_moved(shop: Shop, tmp_path: Path) -> None:
    buyer = await shop.buyer()
    order = await shop.paid(buyer, await shop.product(1250))
    await shop.notifications("drop")
    refund = (await shop.refund(await shop.operator(), order["id"]))["refund"]
    await shop.advance(120)

    done = await serving_command(shop, tmp_path, "orders", "sync", order["id"])

    assert done.stdout.splitlines() == [
        f"{order['number']}: PAID -> REFUNDED",
        f"{order['number']}: refund {refund['id']} PROCESSING -> refund {refund['id']} SUCCESS",
        "1 order asked about, 1 changed",
    ]


async def test_what_is_not_there_is_told_in_one_line(shop: Shop, tmp_path: Path) -> None:
    order = [await command(shop, tmp_path, "orders", "show", it) for it in ("2026", "2" * 33, "订单")]
    user = await command(shop, tmp_path, "orders", "list", "--user", "u" * 31)

    line = "appletql: there is no order of this number or id\n"
    assert [(it.stdout, it.stderr, it.returncode) for it in order] == [("", line, 1)] * 3
    assert (user.stdout, user.stderr, user.returncode) == ("", "appletql: there is no user with this id\n", 1)


def test_an_empty_database_says_so(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()
    done = run(tmp_path, "orders", "list", APPLETQL_DATABASE_URL=url)
    as_json = run(tmp_path, "orders", "list", "--json", APPLETQL_DATABASE_URL=url)

    assert (done.stdout, done.stderr, done.returncode) == ("no orders\n", "", 0)
    assert json.loads(as_json.stdout) == {"orders": []}


@pytest.mark.parametrize("arguments", [(), ("--pending", "1")], ids=["nothing", "both"])
def test_sync_takes_either_orders_or_all(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(tmp_path, "orders", "sync", *arguments)
    assert done.returncode == 2
    assert done.stderr.endswith("Error: give either orders or --pending\n")


def test_sync_without_the_settings_of_serving_names_each(sqlite: SqliteFolder, tmp_path: Path) -> None:
    done = run(tmp_path, "orders", "sync", "--pending", APPLETQL_DATABASE_URL=sqlite.fresh())
    assert done.returncode == 1
    assert {line.split(":")[1].strip() for line in done.stderr.splitlines()} == {
        "APPLETQL_SECRET_KEYS",
        "APPLETQL_APPID",
    }


def test_a_database_that_is_not_migrated_is_told(sqlite: SqliteFolder, tmp_path: Path) -> None:
    for arguments in (("orders", "list"), ("orders", "show", "1"), ("incidents", "list"), ("verify",)):
        done = run(tmp_path, *arguments, APPLETQL_DATABASE_URL=sqlite.empty())
        assert (done.stderr, done.returncode) == ("appletql: the database is not migrated; run appletql migrate\n", 1)
