"""The unit of work: nothing is lost, nothing hangs, whatever callers do."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import strawberry
from tortoise.exceptions import IntegrityError

from domain.ids import Prefix, new_id
from domain.problems import Unavailable
from models.accounts import User
from models.database import open_database, tortoise_config
from models.unit_of_work import NestingError, UnitsOfWork
from tests.pace import slowness

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
async def units(database_url: str) -> AsyncIterator[UnitsOfWork]:
    async with open_database(database_url) as units:
        yield units


async def create_user() -> str:
    user = await User.create(id=new_id(Prefix.USER, NOW), created_at=NOW)
    return user.id


async def count_users() -> int:
    return await User.all().count()


async def test_a_unit_that_raises_leaves_nothing(units: UnitsOfWork) -> None:
    async def body() -> None:
        await create_user()
        raise LookupError

    with pytest.raises(LookupError):
        await units.run(body)

    assert await units.read(count_users) == 0


async def test_a_nested_unit_that_fails_leaves_the_one_around_it_usable(units: UnitsOfWork) -> None:
    user_id = await units.run(create_user)

    async def taken() -> None:
        duplicate = await User.create(id=user_id, created_at=NOW)
        assert duplicate is None, "the id was taken"

    async def body() -> str:
        with pytest.raises(IntegrityError):
            await units.run(taken)
        return await create_user()

    await units.run(body)

    assert await units.read(count_users) == 2


async def test_two_gathered_units_inside_one_are_refused(units: UnitsOfWork) -> None:
    async def body() -> None:
        await asyncio.gather(units.run(create_user), units.run(create_user))

    with pytest.raises(NestingError):
        await units.run(body)

    assert await units.read(count_users) == 0


async def test_an_abandoned_unit_still_commits(units: UnitsOfWork) -> None:
    started = asyncio.Event()

    async def body() -> None:
        started.set()
        await asyncio.sleep(0.05)
        await create_user()

    caller = asyncio.create_task(units.run(body))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await units.drain()

    assert await units.read(count_users) == 1


async def test_a_caller_waits_for_a_bounded_time(database_url: str) -> None:
    async with open_database(database_url, pool_size=2, wait_seconds=0.2) as units:
        release = asyncio.Event()
        holders = [asyncio.create_task(units.run(release.wait)) for _ in range(2)]
        await asyncio.sleep(0.05)
        started = time.perf_counter()

        with pytest.raises(Unavailable):
            await units.run(create_user)

        assert 0.1 < time.perf_counter() - started < 0.5
        release.set()
        await asyncio.gather(*holders, return_exceptions=True)
        assert await units.read(count_users) == 0


async def test_fifteen_hundred_random_cancels_lose_nothing(units: UnitsOfWork) -> None:
    seeded = random.Random(20261121)
    done = 0

    async def body() -> None:
        nonlocal done
        await create_user()
        done += 1

    async def one() -> None:
        caller = asyncio.create_task(units.run(body))
        await asyncio.sleep(seeded.random() * 0.004)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)

    for _ in range(30):
        await asyncio.gather(*(one() for _ in range(50)))
    await units.drain()

    await assert_quick(units)
    assert await units.read(count_users) == done


async def test_three_thousand_failing_siblings_lose_nothing(units: UnitsOfWork) -> None:
    """`{ bad work }`: graphql-core cancels `work`, anywhere in its unit, as soon as `bad` fails."""
    seeded = random.Random(20261121)
    done = answered = 0

    async def body() -> None:
        nonlocal done
        await create_user()
        done += 1

    @strawberry.type
    class Query:
        @strawberry.field
        async def bad(self) -> int:
            await asyncio.sleep(seeded.random() * 0.05)
            raise LookupError

        @strawberry.field
        async def work(self) -> int:
            nonlocal answered
            await units.run(body)
            answered += 1
            return 1

    schema = strawberry.Schema(Query)
    schema.process_errors = lambda *_: None  # type: ignore[method-assign]  # Strawberry logs each failure

    for _ in range(60):
        await asyncio.gather(*(schema.execute("{ bad work }") for _ in range(50)))
    await units.drain()

    await assert_quick(units)
    assert await units.read(count_users) == done
    assert answered < done


async def assert_quick(units: UnitsOfWork) -> None:
    """As many units as there are slots run at once, each on a connection of its own, the first time and at once."""
    slots = units.slots
    together = asyncio.Barrier(slots)

    async def body() -> int:
        await together.wait()
        return await count_users()

    bound = 0.1 * slowness()
    started = time.perf_counter()
    await asyncio.gather(*(units.run(body) for _ in range(slots)))
    assert time.perf_counter() - started < bound


@pytest.mark.parametrize(
    ("url", "ssl"),
    [
        ("postgres://u:p@host/name?sslmode=require", "require"),
        ("postgresql://u:p@host/name?sslmode=disable", "disable"),
        ("postgres://u:p@host/name", None),
    ],
)
def test_the_word_for_tls_in_addresses_is_understood(url: str, ssl: str | None) -> None:
    credentials = tortoise_config(url)["connections"]["postgres"]["credentials"]

    assert credentials.get("ssl") == ssl
    assert "sslmode" not in credentials
