"""Kill tests: whenever a server or a worker dies, no order, no payment and no refund is lost, made twice, or left open.

A few here; with APPLETQL_FULL=1 two hundred at random, twenty at each point and fifty by SIGTERM. One that went wrong
is played again by its seed, as `tests/worker/kills.py` says.
"""

import asyncio
import os
from pathlib import Path

import pytest

from tests import canaries
from tests.process.running import run_module

pytestmark = pytest.mark.anyio
SEED = os.environ.get("APPLETQL_KILL_SEED", "1")
SHORT = ("--runs", "1", "--points", "1")
FULL = ("--runs", "200", "--points", "20", "--gently", "50")
HOURS = 3600


async def kills(database: str) -> str:
    """What the runs said; each database has a process of its own, so that both run at once."""
    wanted, patience = (FULL, 6 * HOURS) if os.environ.get("APPLETQL_FULL") == "1" else (SHORT, 600)
    given = ("--database", database, "--seed", SEED, *wanted)
    return await run_module("tests.worker.kills", *given, patience=patience)


async def test_whenever_it_dies_the_books_are_right(tmp_path: Path) -> None:
    results = dict(zip(("sqlite", "postgres"), await asyncio.gather(kills("sqlite"), kills("postgres")), strict=True))

    for database, said in results.items():
        canaries.keep(said)
        (tmp_path / database).write_text(said)
        last = said.splitlines()[-1]
        assert last.startswith(f"{database}: "), said
        assert last.endswith(" 0 wrong"), said
        assert " 0 died at their point" not in last, said
