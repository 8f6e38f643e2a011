"""SIGTERM under load: no promise is lost, and the process ends within thirty seconds.

Two moments here on each database; with APPLETQL_FULL=1 fifty. One that went wrong is played again by its seed, as
`tests/chaos/terms.py` says.
"""

import asyncio
import os
from pathlib import Path

import pytest

from tests import canaries
from tests.process.running import run_module

pytestmark = pytest.mark.anyio
SEED = os.environ.get("APPLETQL_KILL_SEED", "1")
RUNS, PATIENCE = ("50", 3600) if os.environ.get("APPLETQL_FULL") == "1" else ("2", 300)


async def terms(database: str) -> str:
    """What the runs said."""
    given = ("--database", database, "--runs", RUNS, "--seed", SEED)
    return await run_module("tests.chaos.terms", *given, patience=PATIENCE)


async def test_sigterm_under_load_keeps_every_promise(tmp_path: Path) -> None:
    results = dict(zip(("sqlite", "postgres"), await asyncio.gather(terms("sqlite"), terms("postgres")), strict=True))

    for database, said in results.items():
        canaries.keep(said)
        (tmp_path / database).write_text(said)
        last = said.splitlines()[-1]
        print(f"\n{last}")  # noqa: T201  (the numbers are what the test is for)
        assert last.startswith(f"{database}: {RUNS} runs, "), said
        assert last.endswith(" 0 wrong"), said
        assert ", 0 promises" not in last, said
