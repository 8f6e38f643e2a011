"""The repository, read once for all architecture tests."""

import pytest

from tests.architecture.rules.hygiene import read_texts
from tests.architecture.rules.sources import ROOT, Source, read_sources, repository_files


@pytest.fixture(scope="session")
def sources() -> tuple[Source, ...]:
    return read_sources(ROOT)


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    return read_texts(ROOT, repository_files(ROOT))
