"""What is written beside the code: decision records, and the README's table of settings."""

import ast
import re
from collections.abc import Iterable, Mapping

from tests.architecture.rules.sources import Source, last_name

DECISIONS = "docs/decisions/"
HEADINGS = ["Context", "Decision", "Consequences", "Alternatives"]
PREFIX = "APPLETQL_"

_RECORD = re.compile(r"(?P<number>\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md")
_HEADING = re.compile(r"^##\s+(.+?)\s*$", re.MULTILINE)
_SETTINGS_SECTION = re.compile(r"(?ims)^#+[^\n]*\bsettings\b[^\n]*\n(?P<body>.*?)(?=^#|\Z)")
_FIRST_CELL = re.compile(r"^\|((?:[^|\\]|\\.)*)\|", re.MULTILINE)
_SETTING = re.compile(rf"`(?:{PREFIX})?([A-Z][A-Z0-9_]*)`")


def decision_faults(records: Mapping[str, str]) -> list[str]:
    """Faults of the records, given by file name: numbered from 0001 without a gap, the four headings in order."""
    named = {name: match for name in records if (match := _RECORD.fullmatch(name))}
    faults = [f"{name} is not called NNNN-title.md" for name in records if name not in named]
    numbers = sorted(int(match["number"]) for match in named.values())
    if numbers != list(range(1, len(numbers) + 1)):
        faults.append(f"the numbers are {numbers}, not 1 to {len(numbers)}")
    for name in named:
        headings = _HEADING.findall(records[name])
        if headings != HEADINGS:
            faults.append(f"{name} has the headings {headings}, not {HEADINGS}")
    return faults


def settings_of_code(sources: Iterable[Source], name: str = "Settings") -> set[str]:
    """The names, without prefix and in capitals, that the class and its parents in server/settings* read."""
    classes = {
        node.name: node
        for source in sources
        if source.path.startswith("server/settings")
        for node in source.tree.body
        if isinstance(node, ast.ClassDef)
    }
    return _fields(classes, name) if name in classes else set()


def settings_of_readme(readme: str) -> set[str]:
    """The names, without prefix, in the first column of the tables under a heading that says settings."""
    cells = [cell for section in _SETTINGS_SECTION.finditer(readme) for cell in _FIRST_CELL.findall(section["body"])]
    return {setting for cell in cells for setting in _SETTING.findall(cell)}


def settings_faults(readme: str, sources: Iterable[Source]) -> list[str]:
    """Differences between the README's table of settings and the settings that are read."""
    told, read = settings_of_readme(readme), settings_of_code(sources)
    if not told or not read:
        return [f"the README names {len(told)} settings, server/settings reads {len(read)}"]
    return [f"the README does not name {PREFIX}{name}" for name in sorted(read - told)] + [
        f"the README names {PREFIX}{name}, which nothing reads" for name in sorted(told - read)
    ]


def _fields(classes: Mapping[str, ast.ClassDef], name: str) -> set[str]:
    node = classes[name]
    parents = [last_name(base) for base in node.bases if last_name(base) in classes]
    inherited = {field for parent in parents for field in _fields(classes, parent)}
    return inherited | {
        statement.target.id.upper()
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and not statement.target.id.startswith(("_", "model_config"))
        and "ClassVar" not in ast.unparse(statement.annotation)
    }
