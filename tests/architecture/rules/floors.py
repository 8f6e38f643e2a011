"""The floors: import-linter over the contracts in pyproject.toml."""

import subprocess
import sys
from pathlib import Path


def broken_contracts(root: Path) -> str:
    """import-linter's report on the tree at `root`; empty when every contract is kept."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr
