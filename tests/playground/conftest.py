"""The development server as a process of its own, for a browser to visit."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.process.running import free_port, started, wait_until_ready


@dataclass(frozen=True)
class Playground:
    """Where the page and its sandbox are."""

    url: str
    sandbox: str


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    port, sandbox_port = free_port(), free_port()
    with started(tmp_path_factory.mktemp("dev"), "dev", PORT=str(port), SANDBOX_PORT=str(sandbox_port)):
        wait_until_ready(f"http://127.0.0.1:{port}")
        yield Playground(f"http://127.0.0.1:{port}/graphql", f"http://127.0.0.1:{sandbox_port}")


@pytest.fixture
def playground_url(playground: Playground) -> str:
    """The address of a running server's page, as in `http://127.0.0.1:40321/graphql`."""
    return playground.url
