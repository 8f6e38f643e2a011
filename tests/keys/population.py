"""People with sealed values, many at once, and what is stored of them."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from models.accounts import Identity, Phone, User
from models.database import open_database
from models.encryption import Cipher
from models.sealed_columns import SEALED_COLUMNS, SealedColumn
from models.unit_of_work import UnitsOfWork
from services.keyed_hashes import KeyedHashes
from tests import canaries

T = TypeVar("T")

START = datetime(2026, 1, 1, tzinfo=UTC)
_ROWS_AT_ONCE = 1000
_SHOWN_TO_LOGS = 50


@dataclass(frozen=True)
class Person:
    """What is stored of somebody, as it is before it is sealed."""

    user_id: str
    phone_id: str
    number: str
    session_key: str
    previous_session_key: str | None
    born: datetime


def invent(count: int, seed: int) -> list[Person]:
    """People with numbers of their own; every third has had two session_keys."""
    seeded = random.Random(seed)
    numbers = seeded.sample(range(13_000_000_000, 20_000_000_000), count)
    return [_person(seeded, START + timedelta(seconds=place), number) for place, number in enumerate(numbers)]


def _person(seeded: random.Random, born: datetime, number: int) -> Person:
    previous = seeded.randbytes(16).hex() if born.second % 3 == 0 else None
    user_id, phone_id = new_id(Prefix.USER, born), new_id(Prefix.PHONE, born)
    return Person(user_id, phone_id, f"+86{number}", seeded.randbytes(16).hex(), previous, born)


async def store(url: str, people: Sequence[Person], *secret_keys: str) -> None:
    """Stores the people, each one's values under one of the keys in turn; the hashes' own key under the first."""
    ciphers = [Cipher([secret_key]) for secret_key in secret_keys]
    for person in people[:_SHOWN_TO_LOGS]:
        canaries.add(person.number, person.number.removeprefix("+86"), person.session_key)
    async with open_database(url, wait_seconds=60) as units:
        hashes = KeyedHashes(units, ciphers[0], wire_clock)
        by_cipher = [(person, ciphers[place % len(ciphers)]) for place, person in enumerate(people)]
        phones = [_phone(person, cipher, await hashes.phone(person.number)) for person, cipher in by_cipher]
        identities = [_identity(person, cipher) for person, cipher in by_cipher]
        await units.run(_insert, [User(id=each.user_id, created_at=each.born) for each in people], identities, phones)


async def _insert(users: list[User], identities: list[Identity], phones: list[Phone]) -> None:
    await User.bulk_create(users, batch_size=_ROWS_AT_ONCE)
    await Identity.bulk_create(identities, batch_size=_ROWS_AT_ONCE)
    await Phone.bulk_create(phones, batch_size=_ROWS_AT_ONCE)


def _identity(person: Person, cipher: Cipher) -> Identity:
    previous = person.previous_session_key
    return Identity(
        id=new_id(Prefix.IDENTITY, person.born),
        user_id=person.user_id,
        appid="wx0123456789abcdef",
        openid=f"o{person.user_id}",
        session_key=cipher.seal(person.session_key),
        previous_session_key=previous and cipher.seal(previous),
        created_at=person.born,
    )


def _phone(person: Person, cipher: Cipher, blind_index: str) -> Phone:
    return Phone(
        id=person.phone_id,
        user_id=person.user_id,
        number=cipher.seal(person.number),
        country_code="86",
        blind_index=blind_index,
        bound_at=person.born,
    )


async def read(url: str, body: Callable[[UnitsOfWork], Awaitable[T]]) -> T:
    """The result of `body` on a database that is opened for it alone."""
    async with open_database(url, wait_seconds=60) as units:
        return await body(units)


async def sealed_values(url: str) -> dict[tuple[SealedColumn, str], str]:
    """Everything that is stored sealed, by its column and the key of its row."""

    async def of_all(units: UnitsOfWork) -> dict[tuple[SealedColumn, str], str]:
        return {(column, key): sealed for column in SEALED_COLUMNS for key, sealed in await units.read(_of, column)}

    return await read(url, of_all)


async def _of(column: SealedColumn) -> list[tuple[str, str]]:
    rows = column.model.filter(**{f"{column.name}__isnull": False})
    return [(str(key), str(sealed)) for key, sealed in await rows.values_list(column.primary_key, column.name)]


async def assert_whole(url: str, people: Sequence[Person], secret_key: str) -> None:
    """Everything opens with the one key and is what it was, and each number still finds its own row."""
    cipher = Cipher([secret_key])

    async def stored(units: UnitsOfWork) -> tuple[dict[str, tuple[str, str | None]], dict[str, tuple[str, str]]]:
        hashes = KeyedHashes(units, cipher, wire_clock)
        identities = await units.read(Identity.all)
        phones = {phone.blind_index: phone for phone in await units.read(Phone.all)}
        found = {person.user_id: phones[await hashes.phone(person.number)] for person in people}
        return (
            {each.user_id: (cipher.open(each.session_key), _opened(cipher, each)) for each in identities},
            {user_id: (phone.id, cipher.open(phone.number)) for user_id, phone in found.items()},
        )

    session_keys, numbers = await read(url, stored)
    assert session_keys == {each.user_id: (each.session_key, each.previous_session_key) for each in people}
    assert numbers == {each.user_id: (each.phone_id, each.number) for each in people}


def _opened(cipher: Cipher, identity: Identity) -> str | None:
    previous = identity.previous_session_key
    return previous and cipher.open(previous)
