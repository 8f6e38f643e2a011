"""One sandbox on a real socket for all tests, made clean before each."""

import random
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.delivery import Drip
from sandbox.offline_wechat import OfflineWeChat
from sandbox.people import SessionKeys
from sandbox.server import SandboxServer, create_server, running
from tests.sandbox.wire import START, RealTime, Wire


@pytest.fixture(scope="session")
def real_time() -> RealTime:
    return RealTime()


@pytest.fixture(scope="session")
async def server(real_time: RealTime) -> AsyncIterator[SandboxServer]:
    # A login keeps a live session_key here; the tests that want a new one ask for it.
    keys = SessionKeys(rotation=0.0)
    wechat = OfflineWeChat(real_time=real_time, randomness=random.Random(7), session_keys=keys)
    pace = Drip(interval=0.05, length=0.6)
    async with running(create_server(port=0, wechat=wechat, pace=pace, embedded=True)) as started:
        yield started


@pytest.fixture(scope="session")
async def http(server: SandboxServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture
async def wire(server: SandboxServer, http: httpx.AsyncClient, real_time: RealTime) -> Wire:
    real_time.seconds = START
    wire = Wire(server, http)
    await wire.control("reset")
    return wire
