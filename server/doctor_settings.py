"""Doctor's look at the settings: those that are there, those that serving needs, and names that nothing reads."""

import re
import stat
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from server.doctor_findings import Finding, fault, fine, warning
from server.settings import PREFIX, Fault, Settings
from server.settings_rules import faults_for_serving

_ASSIGNED = re.compile(r"^\s*(?:export\s+)?['\"]?([A-Za-z_]\w*)['\"]?\s*(?:=|$)", re.ASCII | re.MULTILINE)
_READABLE_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH
_LIKENESS = 0.7  # lets a letter or two be wrong, and no other word pass


def setting_fault(found: Fault) -> Finding:
    """A fault of the settings; what its message says after a semicolon is what to do."""
    message, _, advice = found.message.partition("; ")
    return fault(
        found.setting,
        message,
        f"{advice[:1].upper()}{advice[1:]}" or "Set it right, in the environment or in .env; the environment wins.",
    )


def check_surroundings(names: Iterable[str], env_file: Path) -> Iterator[Finding]:
    """Names in the environment and in `.env` that nothing reads, and who may read `.env`; values are not looked at."""
    known = {name.upper() for name in Settings.model_fields}
    yield from _unknown(names, "in the environment", known)
    if not env_file.is_file():
        return
    try:
        yield from _unknown(_ASSIGNED.findall(env_file.read_text(encoding="utf-8", errors="replace")), "in .env", known)
    except OSError:
        return  # told by the settings, which cannot be read either
    if env_file.stat().st_mode & _READABLE_BY_OTHERS:
        yield warning(".env", "can be read by others than its owner", "Take that away: chmod 600 .env")


def check_serving(settings: Settings) -> Iterator[Finding]:
    """What stands against serving in this ENVIRONMENT, and what is allowed there but seldom meant."""
    yield fine("settings", f"readable, for {settings.environment} ({PREFIX}ENVIRONMENT)")
    faults = faults_for_serving(settings)
    yield from map(setting_fault, faults)
    if not faults:
        yield fine("serving", "no setting stands against it")
    if settings.is_production:
        yield from _seldom_meant(settings)


def _seldom_meant(settings: Settings) -> Iterator[Finding]:
    if settings.database_url.get_secret_value().startswith("sqlite:"):
        yield warning(
            f"{PREFIX}DATABASE_URL",
            "is SQLite, in production",
            "Run one server process only, on a local disk, and back the file up; or use PostgreSQL.",
        )
    if settings.public_url is None and not settings.takes_payments:  # with payments it is a fault
        yield warning(
            f"{PREFIX}PUBLIC_URL",
            "is missing, in production: uploads of pictures are refused, and those that are there are not shown",
            "Set it to this server's https address, as phones reach it.",
        )
    if settings.has_graphiql:
        yield warning(
            f"{PREFIX}GRAPHIQL",
            "shows GraphiQL and the whole schema to everybody, in production",
            f"Remove {PREFIX}GRAPHIQL unless strangers shall explore the API.",
        )


def _unknown(names: Iterable[str], where: str, known: set[str]) -> Iterator[Finding]:
    """Settings are read in capitals and small letters alike."""
    found = {name.upper().removeprefix(PREFIX) for name in names if name.upper().startswith(PREFIX)}
    for name in sorted(found - known):
        nearest = get_close_matches(name, known, n=1, cutoff=_LIKENESS)
        yield warning(
            f"{PREFIX}{name}",
            f"stands {where}, and nothing reads it",
            f"Was {PREFIX}{nearest[0]} meant?" if nearest else "Remove it; the README lists the settings.",
        )
