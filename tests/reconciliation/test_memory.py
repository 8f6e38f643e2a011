"""A large bill is compared in little memory; `python -m benchmarks.reconcile_memory` does it with a million rows."""

import sys
from pathlib import Path

import pytest

from tests.databases import SqliteFolder
from tests.reconciliation.large_bill import fill, measure, write_bill

pytestmark = pytest.mark.anyio

ROWS = 50_000
LIMIT = 200 * 1024 * 1024
GROWTH = 60 * 1024 * 1024
"""Of which a fixed part is the batches, and about 25 bytes a row the numbers that were seen."""


@pytest.mark.skipif(sys.platform != "linux", reason="the most that a process ever held is read from /proc")
async def test_fifty_thousand_rows_take_little_memory(sqlite: SqliteFolder, tmp_path: Path) -> None:
    database = Path(sqlite.fresh().removeprefix("sqlite://"))
    fill(database, ROWS)
    sha1 = write_bill(tmp_path / "bill.gz", ROWS)

    measured = await measure(tmp_path, database, sha1, tmp_path / "bill.gz")

    # One payment is not in the bill, one row of the bill is not here.
    assert (measured.lines, measured.alarms) == (ROWS, 2)
    assert measured.peak < LIMIT
    assert measured.peak - measured.before < GROWTH
