"""The table of sealed columns is whole: what it does not list, a rotation would not reach."""

from datetime import UTC, datetime

import pytest

from domain.ids import Prefix, new_id
from models.database import open_database
from models.encryption import Cipher, new_secret_key
from models.incidents import Incident
from models.sealed_columns import SEALED_COLUMNS
from tests.keys.population import invent, store
from tests.keys.scanning import all_models, columns_with_tokens
from tests.shop import open_shop

pytestmark = pytest.mark.anyio

KEY = new_secret_key()


async def test_nothing_but_the_listed_columns_holds_sealed_values(database_url: str) -> None:
    # given
    await store(database_url, invent(1, seed=31), KEY)
    async with open_shop(database_url, secret_keys=KEY) as world:
        buyer = await world.buyer()
        await world.paid(buyer, await world.product())
        await world.order("session-key/rotate", {"openid": buyer.openid})
        await world.sign_in(buyer.openid)
        # when
        found = await columns_with_tokens(world.units)
    # then
    assert found == {str(column) for column in SEALED_COLUMNS}


async def test_a_sealed_column_that_is_not_listed_is_found(database_url: str) -> None:
    async with open_database(database_url) as units:

        async def body() -> str:
            now = datetime(2026, 11, 21, tzinfo=UTC)
            reference = Cipher([KEY]).seal("x")[:64]
            made = await Incident.create(
                id=new_id(Prefix.INCIDENT, now), kind="k", subject="s", reference=reference, created_at=now
            )
            return made.id

        await units.run(body)

        assert await columns_with_tokens(units) == {"incidents.reference"}


def test_every_model_is_searched_and_every_listed_column_exists() -> None:
    tables = {model.describe()["table"]: model for model in all_models()}

    assert {"users", "identities", "sessions", "phones", "sealed_keys", "incidents"} <= tables.keys()
    for column in SEALED_COLUMNS:
        assert column.model is tables[column.table]
        assert column.name in {field["name"] for field in column.model.describe()["data_fields"]}
        assert column.model.describe()["pk_field"]["python_type"] == "str"
