"""The JavaScript parts install from whatever registry npm is set to: exact versions, checked, and no address."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = [ROOT / "playground", ROOT / "tests" / "audit", ROOT / "tests" / "sdks"]

pytestmark = pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def test_the_lock_names_no_address(project: Path) -> None:
    lock = read(project / "package-lock.json")

    for package in lock["packages"].values():
        package.pop("funding", None)  # where a package asks for donations: npm never loads from it

    text = json.dumps(lock)
    assert '"resolved"' not in text
    assert "://" not in text


def test_every_package_is_checked_and_no_install_script_runs(project: Path) -> None:
    packages = read(project / "package-lock.json")["packages"]
    del packages[""]

    assert [name for name, package in packages.items() if not package.get("integrity", "").startswith("sha512-")] == []
    settings = (project / ".npmrc").read_text(encoding="utf-8").splitlines()
    assert {"ignore-scripts=true", "omit-lockfile-registry-resolved=true"} <= set(settings)
    assert not any("://" in line for line in settings)


def test_versions_are_exact(project: Path) -> None:
    manifest = read(project / "package.json")
    wanted = manifest.get("dependencies", {}) | manifest.get("devDependencies", {})
    packages = read(project / "package-lock.json")["packages"]

    assert wanted == {name: packages[f"node_modules/{name}"]["version"] for name in wanted}
