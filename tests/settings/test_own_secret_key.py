"""The key that development draws for itself: once, for its owner alone."""

import os
import subprocess
import sys
import time
from pathlib import Path

from cryptography.fernet import Fernet

from server.development import FOLDER, own_secret_key

ROOT = Path(__file__).parents[2]
PROCESSES, ROUNDS = 4, 20
CHILD = """
import sys, time
from pathlib import Path
from server.development import own_secret_key

folder, start, rounds = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
for number in range(rounds):
    while time.time() < start + number * 0.01:
        pass
    print(own_secret_key(folder / str(number)))
"""


def test_it_is_a_fernet_key_drawn_once(tmp_path: Path) -> None:
    key = own_secret_key(tmp_path / "one")

    assert Fernet(key).decrypt(Fernet(key).encrypt(b"text")) == b"text"
    assert own_secret_key(tmp_path / "one") == key
    assert own_secret_key(tmp_path / "two") != key


def test_it_stands_in_an_ignored_folder_of_this_checkout() -> None:
    key = own_secret_key()

    assert Path(".appletql") == FOLDER
    assert (FOLDER / "secret_key").read_text(encoding="ascii") == f"{key}\n"
    assert ".appletql/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        own_secret_key(tmp_path / "folder")
    finally:
        os.umask(before)

    folder = tmp_path / "folder"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [(path.name, path.stat().st_mode & 0o777) for path in folder.iterdir()] == [("secret_key", 0o600)]


def test_several_processes_at_once_have_one_key(tmp_path: Path) -> None:
    # given
    start = time.time() + 0.4
    command = [sys.executable, "-c", CHILD, str(tmp_path), str(start), str(ROUNDS)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    # when
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]
    told = [process.communicate(timeout=20)[0].splitlines() for process in processes]

    # then
    kept = [(tmp_path / str(number) / "secret_key").read_text(encoding="ascii").strip() for number in range(ROUNDS)]
    assert told == [kept] * PROCESSES
    assert len(set(kept)) == ROUNDS
