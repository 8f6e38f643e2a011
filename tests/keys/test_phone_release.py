"""`appletql phones release`: a number is taken from whoever holds it, and nothing else of theirs changes."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from domain.problems import InvalidInput
from models.accounts import Identity, Phone, User
from models.encryption import new_secret_key
from models.unit_of_work import UnitsOfWork
from services.accounts.phone_release import as_e164
from tests import canaries
from tests.databases import Databases, SqliteFolder
from tests.keys.population import Person, invent, read, store
from tests.process.forked import run

KEY = new_secret_key()


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("+8613800138000", "+8613800138000"),
        ("13800138000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("(138) 0013.8000", "+8613800138000"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("0014155552671", "+14155552671"),
        ("+85251234567", "+85251234567"),
    ],
)
def test_a_number_as_people_write_it_becomes_e164(written: str, e164: str) -> None:
    assert as_e164(written) == e164


@pytest.mark.parametrize(
    "written", ["", "+", "4155552671", "+0123456789", "+123456", "+1234567890123456", "1380013800", "138001380000", "x"]
)
def test_what_is_no_number_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        as_e164(written)

    assert str(refused.value) == (
        "number: must begin with + and the country code, or be the 11 digits of a mainland mobile"
    )


def release(folder: Path, url: str, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """The finished command, after a look that it told no number."""
    canaries.add(KEY)
    return run(
        folder, "phones", "release", *arguments, said=answer, APPLETQL_DATABASE_URL=url, APPLETQL_SECRET_KEYS=KEY
    )


async def holders(units: UnitsOfWork) -> dict[str, str]:
    """The user of each phone that is bound."""

    async def body() -> dict[str, str]:
        return {phone.id: phone.user_id for phone in await Phone.all()}

    return await units.read(body)


async def count_people(units: UnitsOfWork) -> tuple[int, int]:
    async def body() -> tuple[int, int]:
        return await User.all().count(), await Identity.all().count()

    return await units.read(body)


def stored(url: str, seed: int) -> tuple[Person, Person]:
    one, other = people = invent(2, seed=seed)
    asyncio.run(store(url, people, KEY))
    return one, other


def test_a_number_is_released_once(databases: Databases, tmp_path: Path) -> None:
    # given
    url = databases.fresh()
    one, other = stored(url, seed=21)
    # when
    first = release(tmp_path, url, one.number.removeprefix("+86"), "--yes")
    second = release(tmp_path, url, one.number, "--yes")
    # then
    assert first.stdout == f"released: user {one.user_id} held this number\n"
    assert '"event": "phone number released by an operator"' in first.stderr
    assert f'"user": "{one.user_id}"' in first.stderr
    assert (second.stdout, second.stderr) == ("", "appletql: nobody holds this number\n")
    assert (first.returncode, second.returncode) == (0, 1)
    assert asyncio.run(read(url, holders)) == {other.phone_id: other.user_id}
    assert asyncio.run(read(url, count_people)) == (2, 2)


@pytest.mark.parametrize(("answer", "returncode"), [("n\n", 1), ("", 1), ("y\n", 0)])
def test_it_asks_first(sqlite: SqliteFolder, tmp_path: Path, answer: str, returncode: int) -> None:
    url = sqlite.fresh()
    one, other = stored(url, seed=22)

    done = release(tmp_path, url, one.number, answer=answer)

    left = {one.phone_id: one.user_id, other.phone_id: other.user_id}
    if returncode == 0:
        del left[one.phone_id]
    assert "Whoever holds this number loses it. Go on? [y/N]: " in done.stderr
    assert done.returncode == returncode
    assert asyncio.run(read(url, holders)) == left


def test_what_is_no_number_is_told_in_one_line(tmp_path: Path) -> None:
    done = release(tmp_path, "sqlite://./none.db", "4155552671", "--yes")

    assert done.stderr == (
        "appletql: number: must begin with + and the country code, or be the 11 digits of a mainland mobile\n"
    )
    assert (done.stdout, done.returncode) == ("", 1)
    assert not (tmp_path / "none.db").exists()
