"""Claims: a due row is one worker's until its lease is over, however many workers look for it."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from models.claims import Claim, claim, give_back
from models.database import open_database
from models.jobs import Job
from models.unit_of_work import UnitsOfWork

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
UNTIL = NOON + timedelta(seconds=90)


async def make(units: UnitsOfWork, due: dict[str, datetime | None]) -> None:
    async def insert() -> None:
        await Job.bulk_create([Job(id=name, due_at=at) for name, at in due.items()])

    await units.run(insert)


async def claimed(
    units: UnitsOfWork, limit: int = 10, now: datetime = NOON, until: datetime = UNTIL
) -> dict[str, Claim]:
    return {each.row_id: each for each in await units.run(claim, units, Job, now, until, limit)}


async def row(units: UnitsOfWork, name: str) -> tuple[datetime | None, datetime | None]:
    found = await units.read(lambda: Job.get(id=name))
    return found.due_at, found.leased_until


async def test_what_is_due_longest_is_claimed_first_and_nothing_else(database_url: str) -> None:
    async with open_database(database_url) as units:
        # given
        whole = NOON.replace(microsecond=0)
        due = {"later": NOON + SECOND, "now": NOON, "whole": whole, "old": NOON - SECOND, "older": NOON - 2 * SECOND}
        await make(units, {"never": None, **due})
        # when
        first, rest = await claimed(units, 2), await claimed(units)
        # then
        assert (set(first), set(rest)) == ({"old", "older"}, {"now", "whole"})
        assert first["old"] == Claim("old", NOON - SECOND, UNTIL)
        assert rest["whole"] == Claim("whole", whole, UNTIL)
        assert await claimed(units) == {}
        assert await row(units, "later") == (NOON + SECOND, None)
        assert await row(units, "never") == (None, None)


async def test_a_lease_that_ran_out_is_anybodys(database_url: str) -> None:
    async with open_database(database_url) as units:
        await make(units, {"a": NOON})
        assert set(await claimed(units)) == {"a"}

        just_before = await claimed(units, now=UNTIL - timedelta(microseconds=1))
        again = await claimed(units, now=UNTIL, until=UNTIL + 90 * SECOND)

        assert (just_before, set(again)) == ({}, {"a"})
        assert await row(units, "a") == (NOON, UNTIL + 90 * SECOND)


async def test_what_nobody_moved_is_given_back_for_later(database_url: str) -> None:
    async with open_database(database_url) as units:
        await make(units, {"a": NOON})
        [lease] = (await claimed(units)).values()

        await units.run(give_back, Job, lease, NOON + 30 * SECOND)

        assert await row(units, "a") == (NOON + 30 * SECOND, None)


@pytest.mark.parametrize("moved_to", [NOON + 300 * SECOND, NOON + SECOND, None], ids=["later", "sooner", "never"])
async def test_what_was_moved_meanwhile_stays_where_it_is(database_url: str, moved_to: datetime | None) -> None:
    async with open_database(database_url) as units:
        await make(units, {"a": NOON})
        [lease] = (await claimed(units)).values()
        await units.run(lambda: Job.filter(id="a").update(due_at=moved_to))

        await units.run(give_back, Job, lease, NOON + 30 * SECOND)

        assert await row(units, "a") == (moved_to, None)


async def test_who_comes_after_the_end_of_his_lease_changes_nothing(database_url: str) -> None:
    async with open_database(database_url) as units:
        # given: another worker took over
        await make(units, {"a": NOON})
        [lost] = (await claimed(units)).values()
        [held] = (await claimed(units, now=UNTIL, until=UNTIL + 90 * SECOND)).values()
        # when
        await units.run(give_back, Job, lost, NOON + 500 * SECOND)
        # then
        assert await row(units, "a") == (NOON, held.until)


async def test_several_workers_never_claim_one_row_twice(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        # given
        fleet = [await stack.enter_async_context(open_database(database_url, wait_seconds=20)) for _ in range(4)]
        names = [f"row-{number}" for number in range(200)]
        await make(fleet[0], {name: NOON - number * SECOND for number, name in enumerate(names)})
        got: list[Counter[str]] = [Counter() for _ in fleet]

        async def work(units: UnitsOfWork, mine: Counter[str]) -> None:
            while rows := await claimed(units, 7):
                assert len(rows) <= 7
                mine.update(list(rows))

        # when: each worker looks twice at once
        await asyncio.gather(*(work(units, mine) for units, mine in zip(fleet * 2, got * 2, strict=True)))
        # then
        total = sum(got, Counter[str]())
        assert total == Counter(names)
