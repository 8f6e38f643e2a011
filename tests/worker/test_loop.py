"""The loop: what fails is due again, no kind of work waits for another, and nothing ends it but its stop."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from domain.clock import BusinessClock
from domain.ids import Prefix, new_id
from models.database import open_database
from models.incidents import Incident
from models.jobs import Job
from models.migrator import migrate
from models.unit_of_work import UnitsOfWork
from services.worker import loop
from services.worker.loop import Duty, Worker
from tests.databases import Databases

pytestmark = pytest.mark.anyio
SECOND = timedelta(seconds=1)


async def make(units: UnitsOfWork, jobs: int = 0, incidents: int = 0) -> datetime:
    """Rows that are due at the moment that it gives."""
    now = datetime.now(UTC)

    async def insert() -> None:
        await Job.bulk_create([Job(id=f"row-{number}", due_at=now) for number in range(jobs)])
        for number in range(incidents):
            _ = await incident(str(number), now)

    await units.run(insert)
    return now


async def incident(subject: str, now: datetime) -> Incident:
    return await Incident.create(
        id=new_id(Prefix.INCIDENT, now), kind="payment_differs", subject=subject, created_at=now, due_at=now
    )


async def row(units: UnitsOfWork, name: str = "row-0") -> Job:
    return await units.read(lambda: Job.get(id=name))


def done_for_good(units: UnitsOfWork, done: list[str]) -> Callable[[str], Awaitable[None]]:
    async def do(row_id: str) -> None:
        done.append(row_id)
        await units.run(lambda: Job.filter(id=row_id).update(due_at=None))

    return do


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  (the loop tells nobody)
            await asyncio.sleep(0.01)


async def test_what_fails_is_due_again_a_little_later_and_not_all_at_once(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_database(database_url) as units:
        # given
        await make(units, jobs=12)

        async def fail(_row_id: str) -> None:
            raise RuntimeError("a secret")

        # when
        with caplog.at_level(logging.WARNING):
            done = await Worker(units, [Duty(Job, fail)], BusinessClock()).sweep()
        # then
        now = datetime.now(UTC)
        due = [(await row(units, f"row-{number}")).due_at for number in range(12)]
        assert done == 12
        assert all(at is not None and now + 20 * SECOND < at < now + 37 * SECOND for at in due)
        assert len(set(due)) == 12
        assert (await row(units)).leased_until is None
        assert "a secret" not in caplog.text


async def test_a_piece_that_takes_too_long_is_given_up_within_its_lease(database_url: str) -> None:
    async with open_database(database_url) as units:
        await make(units, jobs=1)
        leases = []

        async def hang(_row_id: str) -> None:
            leases.append((await row(units)).leased_until)
            await asyncio.sleep(60)

        began = datetime.now(UTC)
        async with asyncio.timeout(20):
            await Worker(units, [Duty(Job, hang, seconds=0.3)], BusinessClock()).sweep()

        [lease] = leases
        assert lease is not None
        assert lease > began + timedelta(seconds=30)
        assert (await row(units)).leased_until is None


async def test_a_kind_that_fills_its_places_keeps_no_other_waiting(database_url: str) -> None:
    async with open_database(database_url) as units:
        # given: jobs that hang, more than there are places for them
        await make(units, jobs=9, incidents=1)
        release, told = asyncio.Event(), list[str]()

        async def hang(_row_id: str) -> None:
            await release.wait()

        async def tell(row_id: str) -> None:
            told.append(row_id)
            await units.run(lambda: Incident.filter(id=row_id).update(due_at=None))

        worker = Worker(units, [Duty(Job, hang, at_once=3), Duty(Incident, tell, at_once=1)], BusinessClock())
        # when
        async with running(worker):
            await until(lambda: len(told) == 1)
            # then: one more is not kept waiting either
            _ = await units.run(incident, "one more", datetime.now(UTC))
            await until(lambda: len(told) == 2)
            release.set()


async def test_it_begins_no_more_at_once_than_it_may(database_url: str) -> None:
    async with open_database(database_url) as units:
        await make(units, jobs=30)
        under_way, most, done = 0, 0, list[str]()
        end = done_for_good(units, done)

        async def do(row_id: str) -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.02)
            await end(row_id)
            under_way -= 1

        async with running(Worker(units, [Duty(Job, do, at_once=4)], BusinessClock())):
            await until(lambda: len(done) == 30)

        assert (most, Counter(done).most_common(1)[0][1]) == (4, 1)


async def test_it_outlives_a_database_that_is_not_migrated_yet(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_PAUSE_AFTER_FAILURE", 0.05)
    url = databases.empty()
    async with open_database(url) as units:
        looks, done = 0, list[str]()

        async def look() -> None:
            nonlocal looks
            looks += 1

        worker = Worker(units, [Duty(Job, done_for_good(units, done))], BusinessClock(), before_turn=look)
        async with running(worker):
            await until(lambda: looks > 2)
            assert await asyncio.to_thread(_migrate, url)
            await make(units, jobs=1)
            await until(lambda: done == ["row-0"])


def _migrate(url: str) -> bool:
    asyncio.run(migrate(url, lambda _name: None))
    return True


async def test_it_outlives_whatever_comes_before_a_turn(sqlite: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_PAUSE_AFTER_FAILURE", 0.05)
    async with open_database(sqlite.fresh()) as units:
        await make(units, jobs=1)
        failures, done = 0, list[str]()

        async def fail_at_first() -> None:
            nonlocal failures
            if failures < 3:
                failures += 1
                raise ValueError

        worker = Worker(units, [Duty(Job, done_for_good(units, done))], BusinessClock(), before_turn=fail_at_first)
        async with running(worker):
            await until(lambda: done == ["row-0"])

        assert failures == 3


async def test_at_its_stop_it_finishes_what_it_began_and_begins_nothing(database_url: str) -> None:
    async with open_database(database_url) as units:
        await make(units, jobs=5)
        begun, done = list[str](), list[str]()
        end = done_for_good(units, done)

        async def do(row_id: str) -> None:
            begun.append(row_id)
            await asyncio.sleep(0.3)
            await end(row_id)

        async with running(Worker(units, [Duty(Job, do, at_once=2)], BusinessClock())) as stop:
            await until(lambda: len(begun) == 2)
            stop.set()

        assert (len(done), sorted(begun)) == (2, sorted(done))
        rows = [await row(units, f"row-{number}") for number in range(5)]
        assert sorted(it.due_at is None for it in rows) == [False, False, False, True, True]
        assert {it.leased_until for it in rows} == {None}


async def test_at_its_stop_what_takes_too_long_is_broken_off_and_its_lease_runs_out(
    sqlite: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_LONGEST_END", 0.3)
    async with open_database(sqlite.fresh()) as units:
        due = await make(units, jobs=1)
        begun = asyncio.Event()

        async def hang(_row_id: str) -> None:
            begun.set()
            await asyncio.sleep(60)

        started = time.monotonic()
        async with running(Worker(units, [Duty(Job, hang)], BusinessClock())):
            await asyncio.wait_for(begun.wait(), 20)

        left = await row(units)
        assert time.monotonic() - started < 15
        assert left.due_at == due
        assert left.leased_until is not None
