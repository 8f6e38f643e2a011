"""Sealing everything again: what is written, what is left alone, and what others do meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from models.accounts import Identity, Phone
from models.database import open_database
from models.encryption import Cipher, new_secret_key
from models.sealed_columns import SEALED_COLUMNS, Replacement, SealedColumn, replace_sealed
from models.unit_of_work import UnitsOfWork
from services.accounts.session_keys import SessionKeys
from services.keys_at_rest import KeysAtRest, Look, Rotation
from tests.databases import PostgresCluster
from tests.keys.population import assert_whole, invent, read, sealed_values, store

pytestmark = pytest.mark.anyio

NEW, OLD, OLDER, FOREIGN = (new_secret_key() for _ in range(4))
SESSION_KEY, PREVIOUS, NUMBER, KEY, PREPAY_BODY, NOTICE_BODY = SEALED_COLUMNS
NO_ORDERS: dict[SealedColumn, Counter[int | None]] = {PREPAY_BODY: Counter(), NOTICE_BODY: Counter()}


class Shown:
    """Keeps what a progress display would have shown: each step, its number of values, how many were dealt with."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int]] = []

    @contextmanager
    def __call__(self, step: str, total: int) -> Iterator[Callable[[int], None]]:
        counts: list[int] = []
        yield counts.append
        self.steps.append((step, total, sum(counts)))


async def rotate(url: str, *secret_keys: str, batch: int = 7) -> Rotation:
    async def body(units: UnitsOfWork) -> Rotation:
        return await KeysAtRest(units, Cipher(secret_keys), batch=batch).rotate(Shown())

    return await read(url, body)


async def look(url: str, *secret_keys: str) -> Look:
    async def body(units: UnitsOfWork) -> Look:
        return await KeysAtRest(units, Cipher(secret_keys)).look(Shown())

    return await read(url, body)


async def test_everything_moves_to_the_first_key_in_batches(database_url: str) -> None:
    # given
    people = invent(30, seed=1)
    await store(database_url, people, OLD, OLDER)
    shown = Shown()

    async def body(units: UnitsOfWork) -> Rotation:
        return await KeysAtRest(units, Cipher([NEW, OLD, OLDER]), batch=7).rotate(shown)

    # when
    rotation = await read(database_url, body)
    # then
    assert rotation.reencrypted == 30 + 10 + 30 + 1
    assert rotation.after.columns == {
        SESSION_KEY: Counter({0: 30}),
        PREVIOUS: Counter({0: 10}),
        NUMBER: Counter({0: 30}),
        KEY: Counter({0: 1}),
        **NO_ORDERS,
    }
    assert shown.steps == [("re-encrypting", 71, 71), ("checking", 71, 71)]
    await assert_whole(database_url, people, NEW)


async def test_what_the_first_key_sealed_is_not_written_again(database_url: str) -> None:
    people = invent(10, seed=2)
    await store(database_url, people, OLD, NEW)
    before = await sealed_values(database_url)
    new = Cipher([NEW])

    first = await rotate(database_url, NEW, OLD)
    between = await sealed_values(database_url)
    second = await rotate(database_url, NEW, OLD)

    kept = {place: sealed for place, sealed in before.items() if new.place_of_key(sealed) == 0}
    assert (len(before), len(kept)) == (25, 12)
    assert (first.reencrypted, second.reencrypted) == (13, 0)
    assert kept.items() <= between.items()
    assert await sealed_values(database_url) == between


async def test_the_order_of_the_keys_says_which_one_seals(database_url: str) -> None:
    await store(database_url, invent(3, seed=3), NEW, OLD)

    await rotate(database_url, OLD, NEW)

    assert (await look(database_url, OLD, NEW)).total == Counter({0: 8})
    assert (await look(database_url, NEW, OLD)).total == Counter({1: 8})


async def test_what_no_key_opens_is_counted_and_left_as_it_is(database_url: str) -> None:
    # given
    await store(database_url, invent(6, seed=4), OLD, FOREIGN)
    before = await sealed_values(database_url)
    unreadable = {place: sealed for place, sealed in before.items() if Cipher([FOREIGN]).place_of_key(sealed) == 0}
    # when
    rotation = await rotate(database_url, NEW, OLD)
    # then
    assert rotation.after.columns == {
        SESSION_KEY: Counter({0: 3, None: 3}),
        PREVIOUS: Counter({0: 1, None: 1}),
        NUMBER: Counter({0: 3, None: 3}),
        KEY: Counter({0: 1}),
        **NO_ORDERS,
    }
    assert (rotation.reencrypted, rotation.after.unreadable, rotation.after.under_older) == (8, 7, 0)
    assert unreadable.items() <= (await sealed_values(database_url)).items()


async def test_with_one_key_nothing_is_written_and_everything_is_looked_at(database_url: str) -> None:
    await store(database_url, invent(4, seed=5), OLD, FOREIGN)
    before = await sealed_values(database_url)

    rotation = await rotate(database_url, OLD)

    assert (rotation.reencrypted, rotation.after.under_first, rotation.after.unreadable) == (0, 6, 5)
    assert await sealed_values(database_url) == before


async def test_an_empty_database_needs_nothing(database_url: str) -> None:
    rotation = await rotate(database_url, NEW, OLD)

    assert (rotation.reencrypted, rotation.after.total) == (0, Counter())


async def test_a_fresh_key_of_a_login_is_never_overwritten(database_url: str) -> None:
    """The login writes after the rotation read what it would replace, and before it does."""
    # given
    [person, other] = invent(2, seed=6)
    await store(database_url, [person, other], OLD)
    cipher = Cipher([NEW, OLD])
    async with open_database(database_url) as units:
        identities = {each.user_id: each for each in await units.read(Identity.all)}
        identity = identities[person.user_id]
        replacements = [_renewed(each.id, each.session_key, cipher) for each in identities.values()]
        # when
        await units.run(SessionKeys(cipher).add, identity, "fresh")
        replaced = await units.run(replace_sealed, units, SESSION_KEY, replacements)
        # then
        kept = await _identity(units, identity.id)
        neighbour = await _identity(units, identities[other.user_id].id)
    assert replaced == 1
    assert [cipher.open(stored) for stored in (kept.session_key, kept.previous_session_key or "")] == [
        "fresh",
        person.session_key,
    ]
    assert Cipher([NEW]).open(neighbour.session_key) == other.session_key


def _renewed(key: str, sealed: str, cipher: Cipher) -> Replacement:
    new = cipher.renew(sealed)
    assert new is not None
    return Replacement(key, sealed, new)


async def _identity(units: UnitsOfWork, identity_id: str) -> Identity:
    async def body() -> Identity:
        return await Identity.get(id=identity_id)

    return await units.read(body)


async def test_a_row_that_somebody_holds_is_passed_over_and_told(postgres: PostgresCluster) -> None:
    """Waiting for it could end in a deadlock with a sign-in that joins two users."""
    # given
    url = postgres.fresh()
    people = invent(5, seed=7)
    await store(url, people, OLD)
    async with open_database(url) as units:

        async def hold_and_rotate() -> Rotation:
            await Phone.filter(id=people[2].phone_id).update(country_code="86")
            return await rotate(url, NEW, OLD)

        # when
        held = await units.run(hold_and_rotate)
    # then
    assert (held.reencrypted, held.after.under_older) == (12, 1)
    assert held.after.columns[NUMBER] == Counter({0: 4, 1: 1})
    assert (await rotate(url, NEW, OLD)).reencrypted == 1
    await assert_whole(url, people, NEW)


async def test_a_value_that_went_under_an_older_key_again_is_found(database_url: str) -> None:
    """A server that was not restarted still seals with the older key, behind the rotation's back."""
    # given
    people = invent(3, seed=8)
    await store(database_url, people, OLD)
    number = Cipher([OLD]).seal(people[0].number)

    class Meddling(Shown):
        @contextmanager
        def __call__(self, step: str, total: int) -> Iterator[Callable[[int], None]]:
            if [each for each, *_ in self.steps] == ["re-encrypting"]:
                with ThreadPoolExecutor(1) as another_process:
                    another_process.submit(
                        asyncio.run, _write_number(database_url, people[0].phone_id, number)
                    ).result()
            with super().__call__(step, total) as dealt_with:
                yield dealt_with

    shown = Meddling()

    async def body(units: UnitsOfWork) -> Rotation:
        return await KeysAtRest(units, Cipher([NEW, OLD])).rotate(shown)

    # when
    rotation = await read(database_url, body)
    # then
    assert [step for step, *_ in shown.steps] == ["re-encrypting", "checking", "re-encrypting", "checking"]
    assert (rotation.reencrypted, rotation.after.total) == (8 + 1, Counter({0: 8}))


async def _write_number(url: str, phone_id: str, number: str) -> None:
    async def body(units: UnitsOfWork) -> None:
        await units.run(_update_number, phone_id, number)

    await read(url, body)


async def _update_number(phone_id: str, number: str) -> None:
    await Phone.filter(id=phone_id).update(number=number)
