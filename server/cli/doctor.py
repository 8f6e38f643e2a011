"""`appletql doctor`."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from server.doctor_findings import Finding

_MARKS = {"ok": "✓", "warning": "!", "fault": "✗", "skipped": "-"}
_PLAIN_MARKS = {**_MARKS, "ok": "+", "fault": "x"}
_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red", "skipped": None}

# The backspace keeps click from filling the lines.
_EXIT_CODES = """\b
Exit codes:
  0  no fault; there may be warnings
  1  at least one fault
  2  the command line is wrong
"""


@click.command(epilog=_EXIT_CODES)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end, for machines.")
def doctor(*, as_json: bool) -> None:
    """Check settings, keys, database, migrations, pictures, WeChat and the clock, and say what to do for each finding.

    Leaves nothing changed and ends within about 20 seconds. Asks for the same settings as serve, and sends the
    AppSecrets to WeChat to try them. `✓` is in order, `!` deserves a look, `✗` stands against serving, `-` could not be
    checked.
    """
    from server.doctor_findings import Verdict, summary

    with _without_logs():
        findings = asyncio.run(_collect(_pass_over if as_json else _print))
    if as_json:
        click.echo(json.dumps(_document(findings), indent=2))
    else:
        click.echo(summary(findings))
    sys.exit(any(finding.verdict is Verdict.FAULT for finding in findings))


async def _collect(tell: Callable[["Finding"], None]) -> "list[Finding]":
    findings = []
    async for finding in _findings():
        tell(finding)
        findings.append(finding)
    return findings


async def _findings() -> "AsyncIterator[Finding]":
    from server.doctor import LONGEST_SECONDS, diagnose
    from server.doctor_findings import fault

    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            async for finding in diagnose(os.environ, Path(".env")):
                yield finding
    except TimeoutError:
        advice = "Look at the last finding: what comes after it does not answer."
        yield fault("doctor", f"gave up after {LONGEST_SECONDS:.0f} seconds", advice)


@contextmanager
def _without_logs() -> Iterator[None]:
    """What is logged on the way is what the findings say."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _print(finding: "Finding") -> None:
    mark = click.style(_marks()[finding.verdict], fg=_COLOURS[finding.verdict])
    click.echo(f"{mark} {finding.check}: {finding.found}")
    if finding.advice:
        click.echo(f"    {finding.advice}")


def _pass_over(_finding: "Finding") -> None:
    """The JSON document comes at the end, whole."""


def _marks() -> dict[str, str]:
    """Not every terminal's encoding has them, as GBK does not."""
    try:
        "".join(_MARKS.values()).encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return _PLAIN_MARKS
    return _MARKS


def _document(findings: "list[Finding]") -> dict[str, object]:
    verdicts = [finding.verdict.value for finding in findings]
    return {
        "faults": verdicts.count("fault"),
        "warnings": verdicts.count("warning"),
        "skipped": verdicts.count("skipped"),
        "findings": [
            {"verdict": each.verdict.value, "check": each.check, "found": each.found, "advice": each.advice}
            for each in findings
        ],
    }
