"""Reconciles a day of a million payments in a process of its own, on SQLite, and says how much it took.

`python -m benchmarks.reconcile_memory [ROWS]`: a million takes some minutes and about 3 GB of the temporary folder.
Exits with 1 where the process held 200 MiB or more.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from models.migrator import migrate
from tests.reconciliation.large_bill import fill, measure, write_bill

LIMIT = 200 * 1024 * 1024


def main(rows: int) -> int:
    """The exit code."""
    with tempfile.TemporaryDirectory(prefix="appletql-reconcile-") as name:
        folder, began = Path(name), time.monotonic()
        asyncio.run(migrate(f"sqlite://{folder / 'shop.db'}", lambda _name: None))
        fill(folder / "shop.db", rows)
        sha1 = write_bill(folder / "bill.gz", rows)
        _say(f"{rows} payments and their bill made in {time.monotonic() - began:.0f} s")
        found = asyncio.run(measure(folder, folder / "shop.db", sha1, folder / "bill.gz"))
    mebibytes, before = found.peak / 1024**2, found.before / 1024**2
    _say(f"{found.lines} rows compared in {found.seconds:.1f} s, {found.alarms} alarms")
    _say(f"{mebibytes:.0f} MiB resident at most, {before:.0f} MiB of them before it began")
    return int(found.peak >= LIMIT)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (a benchmark speaks)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
