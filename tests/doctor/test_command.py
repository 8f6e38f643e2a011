"""The command: what it prints and when, what machines get, and its exit codes."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server import doctor as whole
from server.cli import main
from tests.doctor.surgery import CANARY, KEY, ONE, PRIVATE, Patient, contents, silent_server
from tests.process.running import free_port

pytestmark = pytest.mark.anyio

MEDIA_SHAPE = "must be file://FOLDER or s3://KEY_ID:SECRET@BUCKET[/PREFIX]?region=…[&endpoint=https://…]"
ROOT = Path(__file__).parents[2]


async def run(*arguments: str, charset: str = "utf-8", **variables: str) -> Result:
    """`appletql doctor` in this process, in a thread of its own, since the sandbox runs here."""
    runner = CliRunner(charset=charset, env={"PYTHONPATH": None, **variables})
    result = await asyncio.to_thread(runner.invoke, main, ["doctor", *arguments])
    assert not [private for private in PRIVATE if private in result.output]
    return result


@asynccontextmanager
async def process(folder: Path, *arguments: str, **variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`appletql doctor` as a process of its own, with a clean environment."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-m", "server", "doctor", *arguments]
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment, stdout=pipe, stderr=pipe)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def test_a_good_set_up_is_a_list_of_marks_and_exit_code_0(patient: Patient) -> None:
    result = await run(**patient.variables())

    database = patient.given["database_url"].removeprefix("sqlite://")
    assert result.output.splitlines() == [
        "✓ settings: readable, for development (APPLETQL_ENVIRONMENT)",
        "✓ serving: no setting stands against it",
        f"✓ database: SQLite, {database}",
        "✓ migrations: all applied",
        "✓ stored session_keys: none yet",
        "✓ pictures: can be written and read in the folder media",
        "✓ WeChat Pay: takes this merchant's signature",
        "✓ WeChat Pay's keys: fit its answers, and the APIv3 key opens its certificates where this merchant has any",
        f"✓ WeChat: answers at {patient.sandbox.url}",
        "✓ clock: agrees with WeChat's",
        f"✓ credentials of {ONE.appid}: WeChat accepts them",
        "0 faults, 0 warnings",
    ]
    assert result.exit_code == 0


async def test_a_process_of_its_own_says_the_same_on_each_database(patient_on_each: Patient, tmp_path: Path) -> None:
    async with process(tmp_path, **patient_on_each.variables()) as doctor:
        output, errors = await doctor.communicate()

    assert (doctor.returncode, errors.decode()) == (0, "")
    assert output.decode().splitlines()[-1] == "0 faults, 0 warnings"
    assert contents(tmp_path) == []


async def test_faults_have_their_advice_below_and_exit_code_1(patient: Patient, tmp_path: Path) -> None:
    # given
    (tmp_path / ".env").write_text("APPLETQL_APPSECRT=x\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o644)
    variables = patient.variables(SECRET_KEYS="", APPSECRET=CANARY, WECHAT_API_URL=f"http://127.0.0.1:{free_port()}")

    # when
    async with process(tmp_path, **variables) as doctor:
        output, errors = await doctor.communicate()

    # then
    lines = output.decode().splitlines()
    assert (doctor.returncode, errors.decode()) == (1, "")
    assert lines[:4] == [
        "! APPLETQL_APPSECRT: stands in .env, and nothing reads it",
        "    Was APPLETQL_APPSECRET meant?",
        "! .env: can be read by others than its owner",
        "    Take that away: chmod 600 .env",
    ]
    assert "✗ APPLETQL_SECRET_KEYS: is missing" in lines
    assert "- stored session_keys: not checked: APPLETQL_SECRET_KEYS cannot be used" in lines
    assert lines[-1] == "2 faults, 2 warnings, 3 not checked"
    assert CANARY not in output.decode()
    assert contents(tmp_path) == [".env"]


async def test_settings_that_cannot_be_read_are_told_all_at_once(patient: Patient, tmp_path: Path) -> None:
    result = await run(
        **patient.variables(PORT=CANARY, APPS=f"[{CANARY}", DATABASE_URL=f"mysql://{CANARY}", MEDIA_URL=CANARY)
    )

    assert result.output.splitlines() == [
        "✗ APPLETQL_PORT: Input should be a valid integer, unable to parse string as an integer",
        "    Set it right, in the environment or in .env; the environment wins.",
        "✗ APPLETQL_DATABASE_URL: must start with sqlite:// or postgres://",
        "    Set it right, in the environment or in .env; the environment wins.",
        '✗ APPLETQL_APPS: must be a JSON list, as in [{"appid": "wx…", "secret": "…", "name": "shop"}]',
        "    Set it right, in the environment or in .env; the environment wins.",
        f"✗ APPLETQL_MEDIA_URL: {MEDIA_SHAPE}",
        "    Set it right, in the environment or in .env; the environment wins.",
        "- database: not checked: the settings cannot be read",
        "- pictures: not checked: the settings cannot be read",
        "- WeChat Pay: not checked: the settings cannot be read",
        "- WeChat: not checked: the settings cannot be read",
        "4 faults, 0 warnings, 4 not checked",
    ]
    assert result.exit_code == 1
    assert contents(tmp_path) == []


async def test_a_file_in_another_encoding_is_a_fault(patient: Patient, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"APPLETQL_APPSECRET={CANARY}", encoding="utf-16")
    (tmp_path / ".env").chmod(0o600)

    result = await run(**patient.variables())

    assert result.output.splitlines()[:2] == [
        "✗ .env: is not in UTF-8",
        "    Save it again in that encoding",
    ]
    assert result.exit_code == 1


async def test_machines_get_one_json_object(patient: Patient, tmp_path: Path) -> None:
    async with process(tmp_path, "--json", **patient.variables(APPSECRET="wrong")) as doctor:
        output, errors = await doctor.communicate()

    document: dict[str, Any] = json.loads(output)
    assert (doctor.returncode, errors.decode()) == (1, "")
    assert (document["faults"], document["warnings"], document["skipped"]) == (1, 0, 0)
    assert [finding["check"] for finding in document["findings"] if finding["verdict"] == "fault"] == [
        f"credentials of {ONE.appid}"
    ]
    assert {tuple(finding) for finding in document["findings"]} == {("verdict", "check", "found", "advice")}


async def test_findings_are_printed_as_they_come(patient: Patient, tmp_path: Path) -> None:
    # given
    await patient.fault("delay:3")

    # when
    async with process(tmp_path, **patient.variables(WECHAT_TIMEOUT="4", OPERATION_TIMEOUT="19")) as doctor:
        assert doctor.stdout is not None
        lines: list[str] = []
        async with asyncio.timeout(3.5):
            while not lines or not lines[-1].startswith("✓ clock"):
                lines.append((await doctor.stdout.readline()).decode())

        # then
        assert doctor.returncode is None
        assert lines[0].startswith("✓ settings")


async def test_the_whole_has_a_bound(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "LONGEST_SECONDS", 0.5)
    async with silent_server() as port:
        result = await run(
            **patient.variables(WECHAT_API_URL=f"http://127.0.0.1:{port}", WECHAT_TIMEOUT="5", OPERATION_TIMEOUT="23")
        )

    assert result.output.splitlines()[-3:] == [
        "✗ doctor: gave up after 0 seconds",
        "    Look at the last finding: what comes after it does not answer.",
        "1 fault, 0 warnings",
    ]
    assert result.exit_code == 1


async def test_a_terminal_without_the_marks_gets_plain_ones(patient: Patient) -> None:
    result = await run(charset="gbk", **patient.variables(APPSECRET="wrong"))

    marks = {line[0] for line in result.stdout_bytes.decode("gbk").splitlines()[:-2]}
    assert marks == {"+", "x"}


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
async def test_help_tells_the_exit_codes(arguments: list[str]) -> None:
    result = await run(*arguments)

    assert "  Exit codes:\n    0  no fault; there may be warnings\n    1  at least one fault\n" in result.output
    assert result.exit_code == 0


async def test_a_wrong_command_line_is_exit_code_2() -> None:
    assert (await run("--yaml")).exit_code == 2


async def test_the_environment_is_left_as_it_was(patient: Patient) -> None:
    before = {**os.environ}

    await run(**patient.variables(SECRET_KEYS=KEY))

    assert {**os.environ} == before
