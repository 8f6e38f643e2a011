"""Commands start fast: none loads the GraphQL schema before it is known to serve."""

import subprocess
import sys
from pathlib import Path

COMMANDS = sorted(f"server.cli.{path.stem}" for path in Path("server/cli").glob("[a-z]*.py"))
HEAVY = ("strawberry", "graphql", "uvicorn", "schema.assembly")


def loaded(*modules: str) -> set[str]:
    """What a new process has loaded of the heavy ones once it imported the modules."""
    code = f"import sys, {', '.join(modules)}; print(*({set(HEAVY)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_no_command_loads_the_schema_to_start() -> None:
    assert len(COMMANDS) > 15
    assert loaded("server.cli", *(name for name in COMMANDS if name != "server.cli.serving_process")) == set()


def test_what_serves_does() -> None:
    assert "strawberry" in loaded("server.app")
