"""`appletql incidents`: what waits, what it means, what can be done, and deciding about it."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from domain.incidents import MEANINGS, IncidentKind, meaning_of
from models.database import open_database
from models.incidents import Incident
from server.cli.incident_lines import question
from server.cli.tables import minutes
from services.payments.resolving import Decision
from tests.databases import Databases
from tests.operations.steps import (
    BY_TRANSACTION_PATH,
    command,
    fits_a_terminal,
    held_order,
    incident,
    resolving,
    serving_command,
    serving_environment,
    state_of,
)
from tests.orders.notices import tables
from tests.orders.test_refunds_elsewhere import given_back_in_the_console
from tests.process.forked import run
from tests.shop import Shop

pytestmark = pytest.mark.anyio


def test_each_kind_has_a_meaning_and_a_way_out() -> None:
    assert set(MEANINGS) == set(IncidentKind)
    assert all(each.what.endswith(".") and each.advice.endswith(".") for each in MEANINGS.values())
    assert meaning_of("from_another_version").what == "A kind that this version does not know."


def told(url: str) -> list[Incident]:
    """One incident of each kind and one of another version, the last of them resolved."""

    async def write() -> list[Incident]:
        now = wire_clock()
        for kind in [*IncidentKind, "from_another_version"]:
            made = await Incident.create(
                id=new_id(Prefix.INCIDENT, now), kind=kind, subject="x" * 64, reference="y" * 64, created_at=now
            )
        last = Incident.filter(id=made.id)
        _ = await last.update(resolved_at=now, resolution="note: looked at")
        return await Incident.all().order_by("id")

    async def opened() -> list[Incident]:
        async with open_database(url, pool_size=2) as units:
            return await units.run(write)

    return asyncio.run(opened())


def test_the_list_says_what_waits_and_what_it_means(databases: Databases, tmp_path: Path) -> None:
    # given
    url = databases.fresh()
    known = told(url)
    # when
    waiting = run(tmp_path, "incidents", "list", APPLETQL_DATABASE_URL=url)
    everything = run(tmp_path, "incidents", "list", "--all", APPLETQL_DATABASE_URL=url)
    as_json = json.loads(run(tmp_path, "incidents", "list", "--json", APPLETQL_DATABASE_URL=url).stdout)
    # then
    heads = [line for line in everything.stdout.splitlines() if line.startswith("inc_")]
    assert heads == [f"{it.id} {it.kind:<23} since {minutes(it.created_at)}" for it in known]
    assert [line for line in waiting.stdout.splitlines() if line.startswith("inc_")] == [
        head for head, it in zip(heads, known, strict=True) if it.resolved_at is None
    ]
    for meaning in MEANINGS.values():
        assert meaning.what in " ".join(waiting.stdout.split())
    assert everything.stdout.count(": note: looked at") == 1
    assert fits_a_terminal(everything.stdout)
    assert [it["kind"] for it in as_json["incidents"]] == [it.kind for it in known if it.resolved_at is None]
    assert (waiting.returncode, everything.returncode) == (0, 0)


def test_each_one_alone_says_what_can_be_done(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()
    known = {it.kind: it for it in told(url)}

    shown = {
        kind: run(tmp_path, "incidents", "show", it.id, APPLETQL_DATABASE_URL=url).stdout
        for kind, it in known.items()
        if kind in ("payment_differs", "refund_closed", "from_another_version")
    }

    for kind in ("payment_differs", "refund_closed"):
        assert meaning_of(kind).advice in " ".join(shown[kind].split())
    assert f"appletql incidents resolve {known['payment_differs'].id} --accept\n" in shown["payment_differs"]
    assert f"appletql incidents resolve {known['payment_differs'].id} --refund\n" in shown["payment_differs"]
    assert f'appletql incidents resolve {known["refund_closed"].id} --note "..."\n' in shown["refund_closed"]
    assert "note: looked at" in shown["from_another_version"]
    assert "appletql incidents resolve" not in shown["from_another_version"]
    assert all(map(fits_a_terminal, shown.values()))


def test_empty_and_unknown_are_told(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()
    done = [
        run(tmp_path, "incidents", *arguments, APPLETQL_DATABASE_URL=url)
        for arguments in (("list",), ("list", "--all"), ("list", "--json"))
    ]
    unknown = [
        run(tmp_path, "incidents", *arguments, APPLETQL_DATABASE_URL=url)
        for arguments in (("show", "inc_0"), ("resolve", "inc_0", "--note", "seen", "--yes"))
    ]

    assert [it.stdout for it in done[:2]] == ["no open incidents\n", "no incidents\n"]
    assert json.loads(done[2].stdout) == {"incidents": []}
    line = "appletql: there is no such incident; `appletql incidents list --all` shows them\n"
    assert [(it.stdout, it.stderr, it.returncode) for it in unknown] == [("", line, 1)] * 2


@pytest.mark.parametrize(
    "arguments",
    [(), ("--accept", "--refund"), ("--accept", "--note", "x"), ("--refund", "--note", "")],
    ids=["nothing", "accept and refund", "accept and note", "refund and an empty note"],
)
def test_exactly_one_decision_is_taken(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(tmp_path, "incidents", "resolve", "inc_0", *arguments)
    assert done.returncode == 2
    assert done.stderr.endswith("Error: give exactly one of --accept, --refund and --note\n")


async def test_accepted_at_the_command_line(shop: Shop, tmp_path: Path) -> None:
    held = await held_order(shop, {"amount": 1249})

    shown = await command(shop, tmp_path, "incidents", "show", held.incidents[0])
    done = await serving_command(shop, tmp_path, "incidents", "resolve", held.incidents[0], "--accept", "--yes")
    again = await serving_command(shop, tmp_path, "incidents", "resolve", held.incidents[0], "--refund", "--yes")

    assert f"order      {held.number} PENDING, total 12.50 yuan" in shown.stdout.splitlines()
    assert done.stdout == f"accepted: order {held.number} is PAID with 12.49 yuan\n"
    assert (done.returncode, again.returncode, again.stdout) == (0, 1, "")
    assert again.stderr.splitlines()[-1] == "appletql: it is resolved already"
    assert await state_of(shop, held) == ("PAID", False, [1249], 2, 0)


async def test_refunded_at_the_command_line(shop: Shop, tmp_path: Path) -> None:
    held = await held_order(shop, {"amount": 1251})

    done = await serving_command(shop, tmp_path, "incidents", "resolve", held.incidents[0], "--refund", "--yes")
    await shop.advance(120)
    await shop.delivered()

    [refund] = await shop.refund_rows(held.order_id)
    said = f"refunded: order {held.number} is CLOSED, 12.51 yuan go back as {refund.id} (PROCESSING)\n"
    assert (done.stdout, done.returncode) == (said, 0)
    assert await state_of(shop, held) == ("CLOSED", False, [1251, -1251], 3, 0)


async def test_refunded_at_the_command_line_where_the_console_gave_back_a_part(shop: Shop, tmp_path: Path) -> None:
    # given
    held = await held_order(shop, {"amount": 1251})
    number = await given_back_in_the_console(shop, held.number, 100)
    looked = question(await resolving(shop).look(held.incidents[0]), Decision.REFUND)
    # when
    done = await serving_command(shop, tmp_path, "incidents", "resolve", held.incidents[0], "--refund", "--yes")
    told = await shop.read(lambda: Incident.get(kind="refund_unknown", subject=held.order_id))
    shown = await command(shop, tmp_path, "incidents", "show", told.id)
    # then: it is said what is missing, and the way out
    way_out = f"appletql orders sync {held.number} --refund NUMBER"
    assert "of what WeChat gave back already only the rest, once that is known here" in looked
    assert done.stdout == (
        f"refunded: order {held.number} is CLOSED; of 12.51 yuan WeChat gave back some or all already. Once that is "
        f"known here, by its notification, the bill or {way_out}, the rest goes back by itself\n"
    )
    assert f"    {way_out}\n" in shown.stdout
    assert fits_a_terminal(shown.stdout)
    assert await state_of(shop, held) == ("CLOSED", False, [1251], 3, 0)
    # when
    way = await serving_command(shop, tmp_path, "orders", "sync", held.number, "--refund", number)
    for _ in range(3):
        await shop.advance(70)
        _ = await shop.application.process.workshift.sweep()
    # then
    assert way.returncode == 0, way.stderr
    assert await state_of(shop, held) == ("CLOSED", False, [1251, -100, -1151], 3, 0)


async def test_the_note_needs_the_database_alone_and_money_is_not_noted_away(shop: Shop, tmp_path: Path) -> None:
    held = await held_order(shop, {"amount": 1249})
    await shop.switch(notEnough=True)
    operator = await shop.operator()
    order = await shop.paid(held.buyer, held.product)
    await shop.refund(operator, order["id"])
    poor = await shop.read(lambda: Incident.get(kind="not_enough"))

    refused = await command(shop, tmp_path, "incidents", "resolve", held.incidents[0], "--note", "seen", "--yes")
    done = await command(shop, tmp_path, "incidents", "resolve", poor.id, "--note", "topped up", "--yes")
    shown = await command(shop, tmp_path, "incidents", "show", poor.id)

    assert refused.stderr.splitlines()[-1] == "appletql: money waits for a decision: accept or refund it"
    assert (refused.returncode, (await incident(shop, held.incidents[0])).resolved_at) == (1, None)
    assert (done.stdout, done.returncode) == (f"{poor.id} is noted\n", 0)
    assert (await incident(shop, poor.id)).resolution == "note: topped up"
    assert f"order      {order['number']} PAID, total 12.50 yuan" in shown.stdout.splitlines()
    assert any(
        line.startswith("resolved ") and line.endswith(": note: topped up") for line in shown.stdout.splitlines()
    )


async def test_accepting_needs_the_settings_of_serving(shop: Shop, tmp_path: Path) -> None:
    held = await held_order(shop, {"amount": 1249})

    done = await command(shop, tmp_path, "incidents", "resolve", held.incidents[0], "--accept", "--yes")

    assert done.returncode == 1
    assert "appletql: APPLETQL_SECRET_KEYS: is missing" in done.stderr
    assert await state_of(shop, held) == ("PENDING", True, [], 2, 1)


@pytest.mark.parametrize(("answer", "status"), [("n\n", "PENDING"), ("", "PENDING"), ("y\n", "PAID")])
async def test_what_wechat_shows_is_said_before_anything_is_done(
    shop: Shop, tmp_path: Path, answer: str, status: str
) -> None:
    held = await held_order(shop, {"amount": 1249})
    before = await tables(shop)

    done = await asyncio.to_thread(answered, shop, tmp_path, held.incidents[0], answer)

    asked = (
        f"WeChat shows 12.49 CNY, order {held.number} (PENDING) asks 12.50 CNY. "
        "It will count as paid with what WeChat shows. Go on? [y/N]: "
    )
    assert asked in done.stderr
    assert (await shop.row(held.order_id)).status == status
    assert done.returncode == (0 if status == "PAID" else 1)
    assert (await tables(shop) == before) == (status == "PENDING")


def answered(shop: Shop, folder: Path, incident_id: str, answer: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "incidents", "resolve", incident_id, "--accept", said=answer, **serving_environment(shop))


async def test_without_wechat_nothing_is_done_and_it_is_told_in_one_line(shop: Shop, tmp_path: Path) -> None:
    held = await held_order(shop, {"amount": 1249})
    before = await tables(shop)
    await shop.order("faults", {"faults": [{"path": BY_TRANSACTION_PATH, "fault": "http:500", "times": 9}]}, "PUT")

    done = await serving_command(shop, tmp_path, "incidents", "resolve", held.incidents[0], "--refund", "--yes")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("appletql: WeChat gave no answer to rely on.")
    assert await tables(shop) == before
