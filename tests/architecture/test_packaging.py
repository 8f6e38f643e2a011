"""Packaging: generic folder names are an application's; what is installed holds them all and nothing else."""

from importlib.metadata import packages_distributions
from pathlib import Path

from tests.architecture.rules.packaging import (
    built_pages,
    occupied_names,
    unlisted_packages,
    wheel_faults,
    wheel_names,
)
from tests.architecture.rules.sources import FLOORS, ROOT, repository_files


def test_every_list_of_packages_names_all_of_ours() -> None:
    assert unlisted_packages(ROOT) == []


def test_a_package_that_a_list_forgot_is_found(tmp_path: Path) -> None:
    # given
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for name in (*FLOORS, "billing", "tests"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    # when
    found = unlisted_packages(tmp_path)
    # then
    there = sorted((*FLOORS, "billing"))
    lists = ("the wheel", "mypy", "coverage", "import-linter")
    assert found == [f"{name} lists {sorted(FLOORS)}, the tree has {there}" for name in lists]


def test_no_installed_distribution_owns_one_of_our_names() -> None:
    assert occupied_names(packages_distributions(), FLOORS) == []


def test_a_distribution_that_owns_one_of_our_names_is_found() -> None:
    owners = {"server": ["appletql", "webby"], "models": ["AppletQL"], "tests": ["untidy"]}
    assert occupied_names(owners, FLOORS) == ["`server` belongs to the installed distribution webby"]


def test_the_wheel_holds_the_packages_with_the_built_pages_and_nothing_else(tmp_path: Path) -> None:
    # given
    shipped = [path for path in repository_files(ROOT) if path.split("/", 1)[0] in FLOORS]
    # when
    held = wheel_names(ROOT, tmp_path)
    # then
    assert wheel_faults(held, {*shipped, *built_pages(ROOT)}) == []


def test_a_wheel_that_lacks_something_or_holds_too_much_is_found() -> None:
    # given
    held = ["domain/__init__.py", "tests/test_orders.py", "playground/index.html", "appletql-0.1.0.dist-info/METADATA"]
    # then
    assert wheel_faults(held, {"domain/__init__.py", "server/static/index.html"}) == [
        "the wheel lacks server/static/index.html",
        "the wheel holds playground/index.html",
        "the wheel holds tests/test_orders.py",
    ]
