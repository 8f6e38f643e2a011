"""Ten thousand users, and a rotation that is killed five times on the way."""

import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.encryption import new_secret_key
from tests import canaries
from tests.databases import Databases
from tests.keys.population import assert_whole, invent, sealed_values, store
from tests.process.forked import run
from tests.process.running import SECONDS, clean_environment

pytestmark = pytest.mark.anyio

USERS = 10_000
KILLS_AT_PERCENT = (5, 20, 35, 50, 60)
LONGEST_DELAY = 0.03  # seconds after the line that tells the percentage
BEGINNING = 60  # characters of a Fernet token, which hold its time and random bytes of its own
TOKEN = re.compile(rb"gAAAA[\w-]{%d}" % (BEGINNING - 5))
MAINLAND = re.compile(rb"(?=(1\d{10}))")


async def test_everything_opens_with_the_new_key_alone(databases: Databases, tmp_path: Path) -> None:
    # given
    url = databases.fresh()
    new, old, older = secret_keys = [new_secret_key() for _ in range(3)]
    canaries.add(*secret_keys)
    people = invent(USERS, seed=20261121)
    await store(url, people, old, older)
    before = await sealed_values(url)
    environment = {"APPLETQL_DATABASE_URL": url, "APPLETQL_SECRET_KEYS": ",".join(secret_keys)}
    # when
    seeded = random.Random(7)
    left = [len(before)]
    for percent in KILLS_AT_PERCENT:
        kill_on_the_way(tmp_path, percent, seeded.random() * LONGEST_DELAY, **environment)
        now = await sealed_values(url)
        left.append(sum(now[place] == sealed for place, sealed in before.items()))
    done = run(tmp_path, "keys", "rotate", **environment)
    # then
    assert left == sorted(set(left), reverse=True), "each run went on where the one before was killed"
    assert left[-1] > 0
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"{left[-1]} values re-encrypted, {len(before) - left[-1]} already under the first key",
        "the older keys in APPLETQL_SECRET_KEYS can be removed; keep them with backups from before",
    ]
    assert told_percents(done.stderr, "re-encrypting")[-1] == 100
    assert told_percents(done.stderr, "checking")[-1] == 100
    assert (await sealed_values(url)).keys() == before.keys()
    await assert_whole(url, people, new)
    dump = databases.dump(url)
    assert {found.decode() for found in MAINLAND.findall(dump)}.isdisjoint(each.number[3:] for each in people)
    kept = {found.decode() for found in TOKEN.findall(dump)}
    assert len(kept) == len(before)
    assert kept.isdisjoint(sealed[:BEGINNING] for sealed in before.values())


def kill_on_the_way(folder: Path, percent: int, delay: float, **environment: str) -> None:
    """SIGKILL, `delay` seconds after the rotation told that it had come as far as `percent`."""
    command = [sys.executable, "-m", "server", "keys", "rotate"]
    with subprocess.Popen(
        command, cwd=folder, env=clean_environment(**environment), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        told: list[str] = []
        for line in process.stderr:
            told.append(line)
            if told_percents(line, "re-encrypting", at_least=percent):
                break
        time.sleep(delay)
        process.kill()
        assert process.wait(timeout=SECONDS) == -signal.SIGKILL, told


def told_percents(output: str, step: str, at_least: int = 0) -> list[int]:
    found = [int(percent) for percent in re.findall(rf"^{step}: (\d+) %$", output, re.MULTILINE)]
    return [percent for percent in found if percent >= at_least]
