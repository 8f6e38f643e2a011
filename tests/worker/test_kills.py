"""Kill tests: whenever a server or a worker dies, no order, no payment and no refund is lost, made twice, or left open.

A few here; with APPLETQL_FULL=1 two hundred at random, twenty at each point and fifty by SIGTERM. One that went wrong
is played again by its seed, as `tests/worker/kills.py` says.
"""

import asyncio
import os
import re
from pathlib import Path

import pytest

from tests import canaries
from tests.process.running import run_module
from tests.worker.kill_plan import Kill, Plan, Tally
from tests.worker.killing_server import POINTS

SEED = os.environ.get("APPLETQL_KILL_SEED", "1")
IS_FULL = os.environ.get("APPLETQL_FULL") == "1"
AT_POINTS = 20 if IS_FULL else 1
WANTED = ("--runs", "200", "--gently", "50") if IS_FULL else ("--runs", "1")
PATIENCE = 6 * 3600 if IS_FULL else 600


async def kills(database: str) -> str:
    """What the runs said; each database has a process of its own, so that both run at once."""
    given = ("--database", database, "--seed", SEED, "--points", str(AT_POINTS), *WANTED)
    return await run_module("tests.worker.kills", *given, patience=PATIENCE)


@pytest.mark.anyio
async def test_whenever_it_dies_the_books_are_right(tmp_path: Path) -> None:
    results = dict(zip(("sqlite", "postgres"), await asyncio.gather(kills("sqlite"), kills("postgres")), strict=True))

    for database, said in results.items():
        canaries.keep(said)
        (tmp_path / database).write_text(said)
        last = said.splitlines()[-1]
        print(f"\n{last}")  # noqa: T201  (the numbers are what the test is for)
        assert last.startswith(f"{database}: "), said
        assert last.endswith(" 0 wrong"), said
        died = {point: int(found[1]) for point in POINTS if (found := re.search(rf"{point} (\d+)/", last))}
        assert died == dict.fromkeys(POINTS, AT_POINTS), said


def test_a_third_has_one_refund_a_minute_and_half_is_healed_by_the_worker_alone() -> None:
    kills = list(Plan(1, 600, 0, 0).kills(Tally()))

    assert 150 < sum(kill.is_once_a_minute for kill in kills) < 250
    assert 250 < sum(kill.is_healed_alone for kill in kills) < 350
    assert 50 < sum(kill.is_once_a_minute and kill.is_healed_alone for kill in kills) < 150
    assert [kill.told() for kill in kills] == [Kill(kill.seed).told() for kill in kills]


def test_a_run_that_missed_its_point_is_made_up_for_a_few_times() -> None:
    # given: the second of them misses it
    plan, tally = Plan(7, 0, 2, 0, ["after send"]), Tally()
    # when
    seeds = []
    for kill in plan.kills(tally):
        seeds.append(kill.seed)
        tally.add(kill, died=kill.seed != 8, wrong=False)
    # then
    assert seeds == [7, 8, 9]
    assert "; after send 2/3; 0 wrong" in tally.told()
    # and given: all of them do
    tally = Tally()
    for kill in plan.kills(tally):
        tally.add(kill, died=False, wrong=False)
    # then
    assert tally.told().endswith("after send 0/7; 0 wrong")
