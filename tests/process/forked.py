"""Commands to their end, each in a process forked from one that has loaded what commands load.

Starting Python and loading that takes half a second, and the tests run hundreds of commands. `running.run` starts
them from nothing, as users do.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from server.cli import main
from tests import canaries
from tests.process.running import SECONDS, clean_environment

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.process.forked", "server.cli.order_lines", "server.cli.command_process"])
_STREAMS = ("stdin", "stdout", "stderr")


def run(folder: Path, *arguments: str, said: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """A command to its end, with `said` on its standard input."""
    with tempfile.TemporaryDirectory(prefix="appletql-streams-") as streams:
        for name in _STREAMS:
            (Path(streams) / name).write_text(said if name == "stdin" else "", encoding="utf-8")
        process = _FORKS.Process(
            target=_command, args=(str(folder), arguments, clean_environment(**environment), streams)
        )
        process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["appletql", *arguments], SECONDS)
        out, err = [(Path(streams) / name).read_text(encoding="utf-8") for name in _STREAMS[1:]]
    canaries.keep(out + err)
    return subprocess.CompletedProcess(["appletql", *arguments], process.exitcode, out, err)


def _command(folder: str, arguments: tuple[str, ...], environment: dict[str, str], streams: str) -> None:
    """In the new process: what an operating system does for a command that it starts, then the command."""
    for number, name in enumerate(_STREAMS):
        opened = os.open(Path(streams) / name, os.O_RDONLY if number == 0 else os.O_WRONLY)
        os.dup2(opened, number)
        os.close(opened)
        setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115  (a descriptor, open as long as the process)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["appletql", *arguments]
    main(prog_name="appletql")
