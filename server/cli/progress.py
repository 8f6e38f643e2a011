"""How far a long command has come: a bar on a terminal, a line for every few percent elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

_STEP_PERCENT = 5


@contextmanager
def progress(step: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows a step on standard error; what it gives is called with how many were dealt with since."""
    if sys.stderr.isatty():
        with click.progressbar(length=total, label=step, file=sys.stderr) as bar:
            yield bar.update
    else:
        yield _PlainProgress(step, total).update


class _PlainProgress:
    def __init__(self, step: str, total: int) -> None:
        self._step = step
        self._total = total
        self._done = 0
        self._told = 0

    def update(self, count: int) -> None:
        self._done += count
        percent = min(100, self._done * 100 // max(1, self._total)) // _STEP_PERCENT * _STEP_PERCENT
        if percent > self._told:
            self._told = percent
            click.echo(f"{self._step}: {percent} %", err=True)
