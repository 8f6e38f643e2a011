"""500 hostile pictures, two at a time, in a process whose memory is watched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media.hostile import refused, survived

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT = 200 * 1024 * 1024
SECONDS = 240


@pytest.mark.skipif(sys.platform != "linux", reason="the most that a process ever held is read from /proc")
@pytest.mark.parametrize(("kinds", "count"), [("all", 500), ("the largest", 100)])
def test_500_hostile_pictures_take_less_than_200_mib(tmp_path: Path, kinds: str, count: int) -> None:
    # given
    files = {name: data for name, (data, _) in refused().items()} | survived()
    if kinds == "the largest":
        files = {name: data for name, data in files.items() if "exactly" in name or "million" in name}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    # when
    ended = subprocess.run(
        [sys.executable, "-m", "tests.media.memory_run", str(tmp_path), str(count)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    # then
    assert ended.returncode == 0, ended.stderr
    growth, outcomes, clean, unavailable = map(int, ended.stdout.split())
    assert (outcomes, unavailable) == (count, 0)
    assert clean > 0
    assert growth < LIMIT
