"""What is shipped: the packages that the settings list, and what a wheel really holds."""

import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

DISTRIBUTION = "appletql"
NOT_SHIPPED = frozenset(("applet", "benchmarks", "deploy", "docs", "playground", "tests"))


def unlisted_packages(root: Path) -> list[str]:
    """Differences between the top-level packages of the tree and the lists of them in pyproject.toml."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    there = {found.parent.name for found in root.glob("*/__init__.py")} - NOT_SHIPPED
    return [
        f"{where} lists {sorted(listed)}, the tree has {sorted(there)}"
        for where, listed in _lists_of_packages(settings)
        if listed != there
    ]


def _lists_of_packages(settings: Mapping[str, Any]) -> Iterable[tuple[str, set[str]]]:
    yield "the wheel", set(settings["hatch"]["build"]["targets"]["wheel"]["packages"])
    yield "mypy", set(settings["mypy"]["files"]) - NOT_SHIPPED
    yield "coverage", set(settings["coverage"]["run"]["source"])
    yield "import-linter", set(settings["importlinter"]["root_packages"])


def occupied_names(owners: Mapping[str, Iterable[str]], packages: Collection[str]) -> list[str]:
    """Our generic names that another installed distribution owns too; `owners` as of `packages_distributions()`."""
    return [
        f"`{package}` belongs to the installed distribution {owner}"
        for package in packages
        for owner in sorted(set(owners.get(package, ())))
        if owner.lower() != DISTRIBUTION
    ]


def wheel_names(root: Path, folder: Path) -> list[str]:
    """Builds the wheel of `root` into `folder`, as `pip install` would, and lists what it holds."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    if run.returncode:
        raise RuntimeError(run.stdout + run.stderr)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        return archive.namelist()


def wheel_faults(held: Iterable[str], wanted: Collection[str]) -> list[str]:
    """What the wheel lacks of `wanted`, and what it holds beside that and its own metadata."""
    names = {name for name in held if ".dist-info/" not in name}
    lacking = [f"the wheel lacks {name}" for name in sorted(set(wanted) - names)]
    return lacking + [f"the wheel holds {name}" for name in sorted(names - set(wanted))]


def built_pages(root: Path) -> list[str]:
    """The browser's pages, which git ignores and the wheel takes, where they were built."""
    static = root / "server" / "static"
    return [found.relative_to(root).as_posix() for found in static.rglob("*") if found.is_file()]
