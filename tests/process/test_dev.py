"""`appletql dev`: everything at once, with nothing to configure."""

import json
import re
import shlex
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import canaries
from tests.process.running import REPOSITORY, clean_environment, free_port, run, started, stop, wait_until_ready
from tests.shop import CREATE, REFUND, SYNC
from tests.world import LOGIN, ME

PRODUCTS = "{ products { nodes { id title price { amount } available } } }"
KEY_FILES = ("secret_key", "apiclient_key.pem", "pub_key.pem")


@dataclass(frozen=True)
class Dev:
    """The two addresses of `appletql dev`."""

    port: int
    sandbox_port: int

    @property
    def environment(self) -> dict[str, str]:
        return {"PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port)}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    def ask(self, query: str, token: str = "", **variables: Any) -> Any:
        """The one field of the answer."""
        answer = httpx.post(
            f"{self.url}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=20,
        ).json()
        assert "errors" not in answer, answer
        [result] = answer["data"].values()
        return result

    def order(self, path: str, **body: Any) -> Any:
        """A call of the sandbox's remote control."""
        return httpx.post(f"{self.sandbox}/_sandbox/{path}", json=body, timeout=20).json()


@pytest.fixture
def dev() -> Dev:
    return Dev(free_port(), free_port())


def eventually(look: Callable[[], bool]) -> None:
    """What a worker brings about."""
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline
        time.sleep(2.1)  # WeChat is asked about an order once in two seconds


def key_files(folder: Path) -> dict[str, str]:
    return {name: (folder / ".appletql" / name).read_text() for name in KEY_FILES}


def login(url: str, sandbox: str, openid: str | None = None) -> dict[str, object]:
    code = httpx.post(f"{sandbox}/_sandbox/wx/login", json={"openid": openid} if openid else {}).json()
    answer = httpx.post(f"{url}/graphql", json={"query": LOGIN, "variables": {"code": code["code"]}}).json()
    result: dict[str, object] = answer["data"]["login"]
    canaries.add(code["code"], code["openid"], str(result["token"]))
    return result | {"openid": code["openid"]}


def test_from_an_empty_folder_to_a_signed_in_user_and_again_tomorrow(tmp_path: Path) -> None:
    port, sandbox_port = free_port(), free_port()
    url, sandbox = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}"
    environment = {"PORT": str(port), "SANDBOX_PORT": str(sandbox_port)}

    with started(tmp_path, "dev", **environment) as process:
        wait_until_ready(url)
        first = login(url, sandbox)
        me = httpx.post(
            f"{url}/graphql", json={"query": ME}, headers={"Authorization": f"Bearer {first['token']}"}
        ).json()
        assert stop(process) == 0
    output = (tmp_path / "output").read_text()
    with started(tmp_path, "dev", **environment) as process:
        wait_until_ready(url)
        again = login(url, sandbox, str(first["openid"]))
        assert stop(process) == 0

    assert me["data"]["me"]["id"] == first["user"]["id"] == again["user"]["id"]  # type: ignore[index]  # JSON
    assert again["isNewUser"] is False
    assert url in output
    assert sandbox in output
    assert str(first["token"]) not in output
    assert str(first["openid"]) not in output
    key = tmp_path / ".appletql" / "secret_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text().strip() not in output


def test_the_printed_command_signs_in_as_it_is(tmp_path: Path) -> None:
    port, sandbox_port = free_port(), free_port()
    with started(tmp_path, "dev", "--port", str(port), "--sandbox-port", str(sandbox_port)):
        wait_until_ready(f"http://127.0.0.1:{port}")
        screen = (tmp_path / "output").read_text()
        [command] = [line.strip() for line in screen.splitlines() if "mutation" in line]

        done = subprocess.run(["/bin/bash", "-c", command], capture_output=True, text=True, timeout=30, check=True)

    found = re.search(r'"token":"([^"]+)"', done.stdout)
    assert found is not None, done.stdout
    canaries.add(found[1])
    assert shlex.split(command)[0] == "curl"


def test_demo_products_are_bought_and_paid_and_refunded_the_day_after(tmp_path: Path, dev: Dev) -> None:
    # given
    with started(tmp_path, "dev", **dev.environment) as process:
        wait_until_ready(dev.url)
        buyer: Any = login(dev.url, dev.sandbox)
        products = dev.ask(PRODUCTS)["nodes"]
        wanted = {"items": [{"productId": products[0]["id"], "quantity": 2}], "idempotencyKey": "one"}

        # when
        made = dev.ask(CREATE, buyer["token"], input=wanted)
        said = dev.order("wx/requestPayment", openid=buyer["openid"], **made["paymentParams"])
        paid = dev.ask(SYNC, buyer["token"], id=made["order"]["id"])["order"]
        before = key_files(tmp_path)
        assert stop(process) == 0

    # then
    assert [product["available"] for product in products] == [None, 200, 40, 5, 100, 1_000]
    assert said == {"errMsg": "requestPayment:ok"}
    assert (paid["status"], paid["total"]["amount"]) == ("PAID", 2 * products[0]["price"]["amount"])
    assert [stat.S_IMODE((tmp_path / ".appletql" / name).stat().st_mode) for name in KEY_FILES] == [0o600] * 3

    # and when
    assert run(tmp_path, "operators", "add", buyer["user"]["id"]).returncode == 0
    with started(tmp_path, "dev", **dev.environment) as process:
        wait_until_ready(dev.url)
        assert [product["id"] for product in dev.ask(PRODUCTS)["nodes"]] == [product["id"] for product in products]
        back = dev.ask(REFUND, buyer["token"], input={"orderId": paid["id"], "idempotencyKey": "all"})
        dev.order("clock", advance=60)
        eventually(lambda: dev.ask(SYNC, buyer["token"], id=paid["id"])["order"]["status"] == "REFUNDED")
        assert stop(process) == 0

    # then
    assert (back["__typename"], back["refund"]["amount"]["amount"]) == ("RefundOrderSuccess", paid["total"]["amount"])
    assert key_files(tmp_path) == before
    shown = (tmp_path / "output").read_text()
    assert not [key for key in before.values() if key.strip() in shown]


def run_readme(section: str, folder: Path, dev: Dev, *printed: str) -> list[str]:
    """What the commands of a section print as they stand there, but for the addresses, and then those variables."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    script = "\n".join(
        re.findall(r"```sh\n(.*?)```", readme.split(f"\n## {section}\n")[1].split("\n## ")[0], re.DOTALL)
    )
    assert "http://127.0.0.1:8000" in script
    assert "http://127.0.0.1:8001" in script
    for written, here in (
        ("http://127.0.0.1:8000", dev.url),
        ("http://127.0.0.1:8001", dev.sandbox),
        (".venv/bin/appletql", f"{sys.executable} -m server"),
    ):
        script = script.replace(written, here)
    with started(folder, "dev", **dev.environment):
        wait_until_ready(dev.url)
        done = subprocess.run(
            ["/bin/sh", "-c", f"{script}\necho\necho {' '.join(f'${name}' for name in printed)}"],
            cwd=folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    *lines, last = done.stdout.splitlines()
    canaries.add(*last.split())
    assert len(last.split()) == len(printed)
    return [line for line in lines if line]


def test_the_readmes_sign_in_runs_as_it_is(tmp_path: Path, dev: Dev) -> None:
    [answers] = run_readme("Sign in by hand", tmp_path, dev, "TOKEN", "CODE")

    me, ended = [json.loads(answer)["data"] for answer in answers.replace("}{", "}\n{").splitlines()]
    assert me["me"]["id"].startswith("usr_")
    assert me["me"]["createdAt"] < me["session"]["expiresAt"]
    assert ended == {"logout": {"ended": 1}}


def test_the_readmes_purchase_runs_as_it_is(tmp_path: Path, dev: Dev) -> None:
    lines = run_readme("A purchase with curl alone", tmp_path, dev, "TOKEN", "OPENID")

    assert '"errMsg":"requestPayment:ok"' in lines[1].replace(" ", "")
    assert [found for line in lines for found in re.findall(r'"order":{"status":"(\w+)"', line)] == [
        "PAID",
        "CLOSED",
        "CLOSED",
        "REFUNDED",
    ]
    assert lines[-1].count('"refunds":[{"amount":{"display":"44.00"},"status":"SUCCESS"') == 1
    assert not [line for line in lines if '"code"' in line]


def test_doctor_reaches_what_dev_runs_after_the_printed_line(tmp_path: Path, dev: Dev) -> None:
    with started(tmp_path, "dev", **dev.environment):
        wait_until_ready(dev.url)
        [line] = [line for line in (tmp_path / "output").read_text().splitlines() if line.strip().startswith("Other")]
        source = line.partition(":")[2].strip()

        done = subprocess.run(
            ["/bin/sh", "-c", f"cd {tmp_path} && {source} && {sys.executable} -m server doctor"],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert done.stdout.splitlines()[-1] == "0 faults, 0 warnings"
    assert "✓ WeChat Pay: takes this merchant's signature" in done.stdout


def test_the_printed_products_are_there(tmp_path: Path, dev: Dev) -> None:
    with started(tmp_path, "dev", **dev.environment):
        wait_until_ready(dev.url)
        screen = (tmp_path / "output").read_text()
        [command] = [line.strip() for line in screen.splitlines() if "{ products" in line]

        done = subprocess.run(["/bin/bash", "-c", command], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.count('"title"') == 6


def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, "dev", PORT=str(port), SANDBOX_PORT=str(free_port())):
        wait_until_ready(f"http://127.0.0.1:{port}")

        second = run(tmp_path, "dev", PORT=str(port), SANDBOX_PORT=str(free_port()))

    assert second.returncode == 1
    assert second.stderr == f"appletql: 127.0.0.1:{port} cannot be bound (Address already in use); PORT moves it\n"


def test_a_sandbox_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, "sandbox", "--port", str(port)) as process:
        while "Sandbox on" not in (tmp_path / "output").read_text():
            assert process.poll() is None

        second = run(tmp_path, "dev", PORT=str(free_port()), SANDBOX_PORT=str(port))

    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "SANDBOX_PORT" in second.stderr
