"""`appletql dev`: everything at once, with nothing to configure."""

import re
import shlex
import stat
import subprocess
from pathlib import Path

import httpx

from tests import canaries
from tests.process.running import free_port, run, started, stop, wait_until_ready
from tests.world import LOGIN, ME


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
