"""Sign-ins that read an identity before a rotation wrote to it: no fresh key is lost, no older key comes back."""

import pytest

from models.accounts import Identity
from models.database import open_database
from models.encryption import Cipher, new_secret_key
from models.unit_of_work import RacedError
from services.accounts.session_keys import SessionKeys
from tests.databases import PostgresCluster
from tests.keys.population import invent, store
from tests.keys.test_rotation import rotate

pytestmark = pytest.mark.anyio

NEW, OLD = new_secret_key(), new_secret_key()


async def test_a_sign_in_starts_again_when_the_keys_were_rotated_meanwhile(postgres: PostgresCluster) -> None:
    # given
    url = postgres.fresh()
    [person] = invent(1, seed=51)
    await store(url, [person], OLD)
    keys = SessionKeys(Cipher([NEW, OLD]))
    async with open_database(url) as units:

        async def sign_in() -> None:
            identity = await Identity.get()
            await rotate(url, NEW, OLD)
            await keys.add(identity, "fresh")

        # when
        with pytest.raises(RacedError):
            await units.run(sign_in)
        await units.run_again_if_raced(sign_in)
        kept = await units.read(Identity.get)
    # then
    assert [Cipher([NEW]).open(stored) for stored in (kept.session_key, kept.previous_session_key or "")] == [
        "fresh",
        person.session_key,
    ]


async def test_preferring_a_key_brings_no_older_key_back(database_url: str) -> None:
    # given
    await store(database_url, invent(1, seed=52), OLD)
    keys = SessionKeys(Cipher([NEW, OLD]))
    async with open_database(database_url) as units:
        identity = await units.read(Identity.get)
        renewed = Cipher([NEW]).seal("previous")

        async def rotate_one_column() -> None:
            await Identity.filter(id=identity.id).update(previous_session_key=renewed)

        await units.run(rotate_one_column)
        # when
        await units.run(keys.prefer, identity, identity.previous_session_key or "")
        kept = await units.read(Identity.get)
    # then
    assert (kept.session_key, kept.previous_session_key) == (identity.session_key, renewed)
