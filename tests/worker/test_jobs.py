"""Work that comes round: once in its time however many workers there are, again where it failed, and what it does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.clock import BusinessClock
from domain.jobs import CHINA, JobName, next_run
from models.accounts import Session, User
from models.database import open_database
from models.jobs import Job
from models.media import Media
from models.orders import Order
from models.unit_of_work import UnitsOfWork
from sandbox.server import create_server, running
from server.app import Application
from services.orders.stripping import Stripping
from services.worker import loop
from services.worker.chores import Chores
from services.worker.job_duty import SECONDS, JobDuty, NotYetError, Run
from services.worker.loop import Duty, Worker
from tests.accounts.operations import UPDATE_PROFILE, do
from tests.accounts.pictures import picture, upload
from tests.databases import Databases
from tests.process.forked import run
from tests.shop import Shop
from tests.worker.sweeping import sweep
from tests.world import make_settings

pytestmark = pytest.mark.anyio
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Fleet:
    """Several workers on one database, with one clock."""

    clock: BusinessClock
    units: list[UnitsOfWork]
    ran: Counter[str] = field(default_factory=Counter)

    async def sweep(self, runs: Mapping[JobName, Run]) -> None:
        """Each of them once, at the same time."""

        async def one(units: UnitsOfWork) -> None:
            jobs = JobDuty(units, runs, self.clock)
            await jobs.prepare()
            _ = await Worker(units, [Duty(Job, jobs.do, seconds=SECONDS)], self.clock).sweep()

        await asyncio.gather(*map(one, self.units))

    def counting(self, name: JobName) -> Run:
        async def run() -> str:
            self.ran[name] += 1
            await asyncio.sleep(0.05)
            return "counted"

        return run

    async def row(self, name: JobName) -> Job:
        return await self.units[0].read(lambda: Job.get(id=name))


@asynccontextmanager
async def fleet_of(database_url: str, many: int) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(open_database(database_url, wait_seconds=20)) for _ in range(many)]
        yield Fleet(BusinessClock(), opened)


async def test_a_job_runs_once_in_its_time_however_many_workers_there_are(database_url: str) -> None:
    async with fleet_of(database_url, 5) as fleet:
        runs = {name: fleet.counting(name) for name in (JobName.SESSIONS, JobName.STRAYS)}

        counts = []
        for offset in (0, 5, 11, 22, 61):
            fleet.clock.offset = timedelta(minutes=offset)
            await fleet.sweep(runs)
            counts.append((fleet.ran[JobName.SESSIONS], fleet.ran[JobName.STRAYS]))

        assert counts == [(1, 1), (1, 1), (1, 2), (1, 3), (2, 4)]
        row = await fleet.row(JobName.SESSIONS)
        assert (row.detail, row.leased_until) == ("counted", None)
        assert row.ended_at is not None
        assert row.due_at == row.ended_at + HOUR


@pytest.mark.parametrize("error", [RuntimeError("a secret"), NotYetError()], ids=["fails", "not-yet"])
async def test_a_job_that_fails_is_tried_again_after_half_an_hour(database_url: str, error: Exception) -> None:
    async with fleet_of(database_url, 1) as fleet:
        # given
        tries = []

        async def run() -> str:
            tries.append(fleet.clock())
            if len(tries) == 1:
                raise error
            return "done"

        runs: dict[JobName, Run] = {JobName.MEDIA: run}
        # when
        await fleet.sweep(runs)
        # then
        failed = await fleet.row(JobName.MEDIA)
        assert "secret" not in failed.detail
        assert failed.due_at is not None
        assert tries[0] + 30 * MINUTE <= failed.due_at < tries[0] + 31 * MINUTE
        # when
        for minutes in (29, 31):
            fleet.clock.offset = timedelta(minutes=minutes)
            await fleet.sweep(runs)
        # then
        done = await fleet.row(JobName.MEDIA)
        assert (len(tries), done.detail) == (2, "done")


async def test_a_job_of_another_version_is_left_to_that(database_url: str) -> None:
    async with fleet_of(database_url, 1) as fleet:
        await fleet.sweep({JobName.MEDIA: fleet.counting(JobName.MEDIA)})
        fleet.clock.offset = HOUR + MINUTE

        await fleet.sweep({})
        without = await fleet.row(JobName.MEDIA)
        fleet.clock.offset = 2 * HOUR
        await fleet.sweep({JobName.MEDIA: fleet.counting(JobName.MEDIA)})

        assert without.due_at is not None
        assert fleet.ran[JobName.MEDIA] == 2


async def test_yesterdays_bill_waits_until_it_is_ready(database_url: str) -> None:
    async with fleet_of(database_url, 3) as fleet:
        runs = {JobName.RECONCILE: fleet.counting(JobName.RECONCILE)}
        ready = next_run(JobName.RECONCILE, fleet.clock())

        await fleet.sweep(runs)
        before = fleet.ran[JobName.RECONCILE]
        fleet.clock.offset = ready - datetime.now(UTC) + MINUTE
        await fleet.sweep(runs)
        await fleet.sweep(runs)

        row = await fleet.row(JobName.RECONCILE)
        assert (before, fleet.ran[JobName.RECONCILE]) == (0, 1)
        assert row.due_at == ready + DAY
        assert ready.astimezone(CHINA).strftime("%H:%M") == "10:05"


async def test_a_server_with_a_worker_outlives_a_database_that_is_not_migrated_yet(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_PAUSE_AFTER_FAILURE", 0.05)
    url = databases.empty()
    async with running(create_server(port=0, embedded=True), abruptly=True) as sandbox:
        application = Application(make_settings(url, sandbox), with_worker=True)
        async with application.router.lifespan_context(application):
            # given: it looked for work, and there were no tables
            await asyncio.sleep(0.3)
            # when
            migrated = await asyncio.to_thread(run, tmp_path, "migrate", APPLETQL_DATABASE_URL=url)
            assert migrated.returncode == 0
            # then: the jobs have their first run
            async with asyncio.timeout(30):
                while not await _have_run(application.process.units):  # noqa: ASYNC110  (the worker tells nobody)
                    await asyncio.sleep(0.05)


async def _have_run(units: UnitsOfWork) -> bool:
    ended = await units.read(lambda: Job.filter(ended_at__isnull=False).count())
    return ended >= len({JobName.SESSIONS, JobName.MEDIA, JobName.STRAYS})


async def rows(shop: Shop, model: type[Session] | type[Media]) -> int:
    return await shop.read(lambda: model.all().count())


async def test_sessions_that_are_over_are_deleted_and_others_are_not(shop: Shop) -> None:
    # given
    _ = [await shop.buyer() for _ in range(3)]
    await shop.advance(6 * 86_400)
    fresh = await shop.buyer()
    # when
    _ = await sweep(shop)
    kept = await rows(shop, Session)
    await shop.advance(2 * 86_400)
    _ = await sweep(shop)
    # then
    assert (kept, await rows(shop, Session)) == (4, 1)
    assert (await shop.ask("{ me { id } }", fresh.token))["data"]["me"] == {"id": fresh.user_id}


async def test_sessions_are_deleted_in_batches_until_none_is_left(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    old = datetime.now(UTC) - 40 * DAY

    async def insert() -> None:
        session = await Session.all().first()
        assert session is not None
        copies = [
            Session(
                id=f"ses_{number:026}",
                identity_id=session.identity_id,
                token_hash=f"{number:064}",
                created_at=old,
                last_used_at=old,
            )
            for number in range(1100)
        ]
        await Session.bulk_create(copies)

    await shop.units.run(insert)
    # when
    await shop.advance(3700)
    _ = await sweep(shop)
    # then
    job = await shop.read(lambda: Job.get(id=JobName.SESSIONS))
    assert (await rows(shop, Session), job.detail) == (1, "1100 sessions deleted")
    assert (await shop.ask("{ me { id } }", buyer.token))["data"]["me"] == {"id": buyer.user_id}


async def test_pictures_that_nobody_uses_are_removed_after_a_day(shop: Shop) -> None:
    # given
    token = (await shop.sign_in())["token"]
    used, unused = await upload(shop, token, picture((1, 2, 3))), await upload(shop, token, picture((4, 5, 6)))
    await do(shop, UPDATE_PROFILE, token, input={"fields": {"avatarUrl": used}})
    paths = [url.removeprefix(shop.url) for url in (used, unused)]
    # when
    await shop.advance(23 * 3600)
    _ = await sweep(shop)
    before = [(await shop.api.get(path)).status_code for path in paths]
    await shop.advance(2 * 3600)
    _ = await sweep(shop)
    # then
    assert before == [200, 200]
    assert [(await shop.api.get(path)).status_code for path in paths] == [200, 404]
    assert await rows(shop, Media) == 1


async def test_an_old_upload_that_becomes_the_avatar_meanwhile_is_kept(shop: Shop) -> None:
    """The chore found it unused; before it gives it up, the owner makes it the avatar."""
    # given
    token = (await shop.sign_in())["token"]
    url = await upload(shop, token, picture((7, 8, 9)))
    found = await shop.read(lambda: Media.all().select_related("user").first())
    assert found is not None
    # when
    await do(shop, UPDATE_PROFILE, token, input={"fields": {"avatarUrl": url}})
    process = shop.application.process
    stripping = Stripping(process.units, process.receiving._cipher)
    chores = Chores(process.units, process.services.profiles._avatars, stripping, BusinessClock())
    given_up = await process.units.run_again_if_raced(chores._give_up, found)
    # then
    assert (given_up, (await shop.api.get(url.removeprefix(shop.url))).status_code) == (0, 200)


async def test_what_is_due_at_no_time_is_found(shop: Shop) -> None:
    # given: an open order and an open refund that nobody would look after, and others that are well
    buyer, tea = await shop.buyer(), await shop.product()
    paid = await shop.paid(buyer, tea)
    stray = (await shop.ordered(buyer, tea))["order"]
    assert (await shop.cancel(buyer, (await shop.ordered(buyer, tea))["order"]["id"]))["order"]["status"] == "CLOSED"
    _ = await shop.refund(await shop.operator(), paid["id"])
    await shop.notifications("drop")

    async def lose() -> None:
        assert await Order.filter(id=stray["id"]).update(due_at=None) == 1
        [refund] = await shop.refund_rows(paid["id"])
        assert await type(refund).filter(id=refund.id).update(due_at=None) == 1

    await shop.units.run(lose)
    # when
    await shop.advance(500)
    assert await sweep(shop) == {}
    await shop.advance(200)
    # then
    assert await sweep(shop) == {"query": 1, "refund query": 1}
    job = await shop.read(lambda: Job.get(id=JobName.STRAYS))
    assert job.detail == "2 strays found"
    assert (await shop.refund_rows(paid["id"]))[0].status == "SUCCESS"
    assert (await shop.read(lambda: User.get(id=buyer.user_id))).unpaid_orders == 1
