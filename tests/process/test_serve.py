"""`appletql serve`: what it refuses to start with, how it is ready, and how it ends."""

import json
import socket
import threading
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from tests.databases import Databases
from tests.process.running import free_port, run, started, stop, wait_until_ready

GOOD = {
    "APPLETQL_APPID": "wx4f4bc4dec97d474b",
    "APPLETQL_APPSECRET": "5d3f9e1c7b2a4d6f8e0c1b3a5d7f9e1c",
}


@pytest.fixture
def good() -> dict[str, str]:
    return GOOD | {"APPLETQL_SECRET_KEYS": Fernet.generate_key().decode()}


def test_production_names_every_missing_setting_at_once(tmp_path: Path) -> None:
    refused = run(
        tmp_path, "serve", APPLETQL_PUBLIC_URL="http://shop.example", APPLETQL_WECHAT_API_URL="http://127.0.0.1:8001"
    )

    assert refused.returncode == 1
    named = [line.split(":")[1].strip() for line in refused.stderr.splitlines()]
    assert named == [
        "APPLETQL_SECRET_KEYS",
        "APPLETQL_APPID",
        "APPLETQL_WECHAT_API_URL",
        "APPLETQL_PUBLIC_URL",
    ]
    assert list(tmp_path.glob("*.db")) == []


def test_values_that_cannot_be_read_are_told_at_once_and_never_shown(tmp_path: Path) -> None:
    refused = run(
        tmp_path, "serve", APPLETQL_PORT="canary", APPLETQL_DATABASE_URL="mysql://canary", APPLETQL_APPS="canary"
    )

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 3
    assert "canary" not in refused.stderr


def test_it_serves_until_sigterm_and_drains(tmp_path: Path, databases: Databases, good: dict[str, str]) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = good | {"APPLETQL_DATABASE_URL": databases.fresh(), "APPLETQL_DRAIN_SECONDS": "1"}
    with started(tmp_path, "serve", "--port", str(port), **environment) as process:
        wait_until_ready(url)
        production = {
            "get": httpx.get(f"{url}/graphql", headers={"Accept": "text/html"}).status_code,
            "introspection": httpx.post(f"{url}/graphql", json={"query": "{ __schema { types { name } } }"}).json(),
            "live": httpx.get(f"{url}/livez").text,
            "metrics": httpx.get(f"{url}/metrics").text,
        }
        codes: list[int] = []
        stopping = threading.Thread(target=lambda: codes.append(stop(process)))
        stopping.start()
        draining = wait_for_draining(url)
        still_served = httpx.post(f"{url}/graphql", json={"query": "{ __typename }"}).json()
        stopping.join()

    assert codes == [0]
    assert production["get"] == 405
    assert production["introspection"]["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "data" not in production["introspection"]
    assert production["live"] == "ok\n"
    assert 'appletql_http_requests_total{path="/graphql",status="405"} 1.0' in production["metrics"]
    assert draining == {"ready": False, "faults": ["draining"]}
    assert still_served == {"data": {"__typename": "Query"}}
    events = [json.loads(line) for line in (tmp_path / "output").read_text().splitlines() if line.startswith("{")]
    assert {"request", "draining"} <= {event["event"] for event in events}
    assert all("request_id" in event for event in events if event["event"] == "request")


def wait_for_draining(url: str) -> object:
    for _ in range(200):
        answer = httpx.get(f"{url}/readyz")
        if answer.status_code == 503:
            return answer.json()
    raise TimeoutError


def test_it_is_not_ready_before_the_migrations(tmp_path: Path, databases: Databases, good: dict[str, str]) -> None:
    port, database = free_port(), databases.empty()
    url = f"http://127.0.0.1:{port}"
    with started(tmp_path, "serve", "--port", str(port), **good | {"APPLETQL_DATABASE_URL": database}):
        before = wait_for_answer(url)
        migrated = run(tmp_path, "migrate", APPLETQL_DATABASE_URL=database)
        after = httpx.get(f"{url}/readyz")

    assert (before.status_code, before.json()) == (503, {"ready": False, "faults": ["migrations"]})
    assert migrated.stdout.splitlines()[-1].endswith("migrations applied")
    assert (after.status_code, after.json()) == (200, {"ready": True, "faults": []})


def wait_for_answer(url: str) -> httpx.Response:
    for _ in range(300):
        try:
            return httpx.get(f"{url}/readyz", timeout=5)
        except httpx.TransportError:
            threading.Event().wait(0.05)
    raise TimeoutError


def test_a_database_that_is_away_is_told_in_one_line(tmp_path: Path, good: dict[str, str]) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        address = f"postgres://u:p@127.0.0.1:{nobody_listens.getsockname()[1]}/x"
        refused = run(tmp_path, "serve", **good | {"APPLETQL_DATABASE_URL": address, "APPLETQL_PORT": "0"})

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("appletql: ") or refused.stderr.splitlines()[-1].startswith(
        "Error"
    )


@pytest.mark.parametrize("command", ["dev", "serve", "sandbox", "migrate", "schema", "doctor"])
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    shown = run(tmp_path, command, "--help")

    assert shown.returncode == 0
    assert len(shown.stdout.split("Options:")[0].split()) > 8


def test_schema_prints_the_committed_sdl_without_settings(tmp_path: Path) -> None:
    printed = run(tmp_path, "schema")

    assert printed.stdout == (Path(__file__).parents[2] / "schema.graphql").read_text()
