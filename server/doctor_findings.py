"""What `appletql doctor` reports: one finding a check, with what to do about it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check came out; only a fault stands against serving."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """What was checked, what was found and what to do; never a secret, a password or an openid."""

    verdict: Verdict
    check: str
    found: str
    advice: str = ""


def fine(check: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(Verdict.OK, check, found)


def warning(check: str, found: str, advice: str) -> Finding:
    """Serving works, and somebody should look."""
    return Finding(Verdict.WARNING, check, found, advice)


def fault(check: str, found: str, advice: str) -> Finding:
    """Serving does not work, or not safely."""
    return Finding(Verdict.FAULT, check, found, advice)


def skipped(check: str, because: str) -> Finding:
    """An earlier finding left nothing to check."""
    return Finding(Verdict.SKIPPED, check, f"not checked: {because}")


def summary(findings: Iterable[Finding]) -> str:
    """The last line, as in `3 faults, 1 warning`."""
    counts = Counter(finding.verdict for finding in findings)
    parts = [_counted(counts[Verdict.FAULT], "fault"), _counted(counts[Verdict.WARNING], "warning")]
    if counts[Verdict.SKIPPED]:
        parts.append(f"{counts[Verdict.SKIPPED]} not checked")
    return ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
