"""Who may import whom: the floors, circles, frameworks per floor, and what happens at import."""

from pathlib import Path

import pytest

from tests.architecture.rules.cycles import circles, import_graph
from tests.architecture.rules.floors import broken_contracts
from tests.architecture.rules.frameworks import PLACEMENTS, misplaced
from tests.architecture.rules.importing import late_imports, work_at_import
from tests.architecture.rules.sources import FLOORS, ROOT, Source, planted


def test_every_import_keeps_to_its_floor() -> None:
    assert broken_contracts(ROOT) == ""


@pytest.mark.parametrize(
    ("module", "text", "contract"),
    [
        ("domain/money.py", "import services", "Imports run downward; siblings are strangers BROKEN"),
        ("wechat/api.py", "import models", "Imports run downward; siblings are strangers BROKEN"),
        ("sandbox/people.py", "import domain", "The sandbox knows nothing of ours BROKEN"),
        ("server/app.py", "import sandbox", "Only the command line knows the sandbox BROKEN"),
    ],
)
def test_an_import_that_leaves_its_floor_is_found(tmp_path: Path, module: str, text: str, contract: str) -> None:
    # given
    house(tmp_path, {module: text})
    # when
    report = broken_contracts(tmp_path)
    # then
    assert contract in report
    assert "1 broken" in report


def test_the_command_line_may_import_the_sandbox_and_every_floor_those_below(tmp_path: Path) -> None:
    house(
        tmp_path, {"server/cli/dev.py": "import sandbox", "server/cli/__init__.py": "", "schema/a.py": "import models"}
    )
    assert broken_contracts(tmp_path) == ""


def house(root: Path, modules: dict[str, str]) -> None:
    """A tree with the real contracts, eight empty floors and the given modules."""
    (root / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for path, text in {**{f"{floor}/__init__.py": "" for floor in FLOORS}, **modules}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def test_no_imports_go_round_in_a_circle() -> None:
    assert circles(import_graph(*FLOORS)) == []


def test_a_circle_is_found_also_through_a_function_and_not_through_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    modules = {
        "__init__": "",
        "orders": "from planted_circle import payments",
        "payments": "def pay():\n    from planted_circle import refunds",
        "refunds": "import planted_circle.orders",
        "shares": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import planted_circle.visits",
        "visits": "import planted_circle.shares",
    }
    (tmp_path / "planted_circle").mkdir()
    for name, text in modules.items():
        (tmp_path / "planted_circle" / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    # when
    found = circles(import_graph("planted_circle"))
    # then
    assert found == ["planted_circle.orders → planted_circle.payments → planted_circle.refunds → planted_circle.orders"]


def test_every_library_is_imported_where_the_table_has_it(sources: tuple[Source, ...]) -> None:
    assert misplaced(sources) == []


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("services/orders.py", "import strawberry", "strawberry: strawberry only in"),
        ("resolvers/orders.py", "from graphql import GraphQLError", "graphql.GraphQLError: graphql only in"),
        ("schema/orders.py", "from starlette.requests import Request", "starlette only in"),
        ("models/orders.py", "import uvicorn", "uvicorn only in"),
        ("services/orders.py", "def call():\n    import httpx", "httpx only in"),
        ("server/doctor.py", "import httpx", "httpx only in"),
        ("server/doctor_checks.py", "from httpx import AsyncClient", "httpx only in"),
        ("services/accounts.py", "from cryptography.fernet import Fernet", "cryptography only in"),
        ("models/accounts.py", "import cryptography", "cryptography only in"),
        ("schema/orders.py", "from tortoise.models import Model", "tortoise only in"),
        ("server/app.py", "import asyncpg", "asyncpg only in"),
        ("resolvers/orders.py", "import aiosqlite, pypika_tortoise", "aiosqlite only in"),
        ("services/orders.py", "import structlog", "structlog only in"),
        ("server/app.py", "import click", "click only in"),
        ("sandbox/app.py", "from rich.console import Console", "rich only in"),
        ("schema/orders.py", "import pydantic", "pydantic only in"),
        ("server/app.py", "from pydantic_settings import BaseSettings", "pydantic_settings only in"),
        ("wechat/api.py", "import prometheus_client", "prometheus_client only in"),
        ("services/orders.py", "import requests", "requests has no place in the table"),
    ],
)
def test_a_library_in_the_wrong_place_is_found(path: str, text: str, complaint: str) -> None:
    found = misplaced([planted(path, text)])
    assert [finding for finding in found if complaint in finding]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("resolvers/context.py", "from strawberry.dataloader import DataLoader"),
        ("resolvers/loaders.py", "from strawberry import dataloader"),
        ("server/graphql/view.py", "import graphql\nfrom starlette.requests import Request"),
        ("server/wiring.py", "import httpx, tortoise, prometheus_client"),
        ("server/sandbox_clock.py", "import httpx"),
        ("server/cli/dev.py", "import click, rich"),
        ("server/settings_rules.py", "from pydantic import BaseModel"),
        ("models/encryption.py", "import cryptography"),
        ("services/orders.py", "import asyncio\nfrom models.orders import Order"),
        ("tests/test_orders.py", "import requests"),
    ],
)
def test_a_library_in_its_place_is_let_through(path: str, text: str) -> None:
    assert misplaced([planted(path, text)]) == []


def test_every_placement_has_a_reason() -> None:
    assert [row.libraries for row in PLACEMENTS if not row.why] == []


def test_our_own_code_is_imported_at_the_top(sources: tuple[Source, ...]) -> None:
    assert late_imports(sources) == []


def test_a_late_import_of_our_own_is_found_where_it_is_not_allowed() -> None:
    # given
    text = "def pay():\n    from models.orders import Order\n    import json"
    late = [planted(path, text) for path in ("services/orders.py", "server/cli/dev.py", "sandbox/app.py")]
    # then
    assert late_imports(late) == ["services/orders.py:2: imports models.orders.Order inside a function"]


def test_a_relative_late_import_is_found() -> None:
    sources = [planted("services/orders/pay.py", "def pay():\n    from .close import close")]
    assert late_imports(sources) == ["services/orders/pay.py:2: imports services.orders.close.close inside a function"]


def test_importing_a_module_does_nothing_to_the_world(sources: tuple[Source, ...]) -> None:
    assert work_at_import(sources) == []


@pytest.mark.parametrize(
    "text",
    [
        "import os\nDEBUG = os.environ.get('DEBUG')",
        "from os import getenv\nDEBUG = getenv('DEBUG')",
        "KEY = open('key.pem').read()",
        "PAGE = (Path(__file__).parent / 'page.html').read_text()",
        "client = httpx.AsyncClient()",
        "settings = Settings()",
        "task = asyncio.create_task(work())",
        "class Cache:\n    client = AsyncClient()",
        "def call(client=httpx.AsyncClient()): ...",
        "def now(*, at=datetime.now()): ...",
        "@cached(Settings())\ndef read(): ...",
        "if True:\n    structlog.configure()",
    ],
)
def test_work_at_import_is_found(text: str) -> None:
    assert len(work_at_import([planted("server/app.py", text)])) == 1


@pytest.mark.parametrize(
    "text",
    [
        "def read():\n    return open('key.pem')",
        "async def serve():\n    client = httpx.AsyncClient()",
        "make = lambda: Settings()",
        "if __name__ == '__main__':\n    settings = Settings()",
        "HERE = Path(__file__).parent",
        "class Box:\n    def open(self): ...",
    ],
)
def test_work_that_waits_for_a_call_is_let_through(text: str) -> None:
    assert work_at_import([planted("server/app.py", text)]) == []
