"""Settings are read in an empty folder, and nothing of the real environment is seen."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith("APPLETQL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
