"""Runs the graphql-http audits against `appletql dev`, started for them in an empty folder: `make audit`."""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECONDS = 120
sys.path.insert(0, str(HERE.parents[1]))

from tests.process.running import free_port, started, stop, wait_until_ready  # noqa: E402  (the path comes first)


def main() -> int:
    url = f"http://127.0.0.1:{(port := free_port())}"
    with (
        tempfile.TemporaryDirectory() as folder,
        started(Path(folder), "dev", PORT=str(port), SANDBOX_PORT=str(free_port())) as server,
    ):
        wait_until_ready(url)
        audit = subprocess.run(
            ["/usr/bin/env", "node", "audit.mjs", f"{url}/graphql"], cwd=HERE, timeout=SECONDS, check=False
        )
        return audit.returncode or stop(server)


if __name__ == "__main__":
    sys.exit(main())
