"""A server whose public address changes: pictures stay, and are shown under the new address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from cryptography.fernet import Fernet

from models.accounts import User
from models.catalogue import Product
from models.media import Media
from server.app import Application
from tests.accounts.operations import EXPORT, UPDATE_PROFILE, do, me
from tests.accounts.pictures import picture, upload
from tests.catalogue.shop import create, made, operator, show
from tests.sharing.cards import made as shared
from tests.world import World, make_settings, new_media_url, open_world

pytestmark = pytest.mark.anyio
OLD, NEW = "http://appletql.test", "https://new.example"
DAY = 86_400


@pytest.fixture
async def old(database_url: str) -> AsyncIterator[World]:
    given = {"media_url": new_media_url(), "secret_keys": Fernet.generate_key().decode()}
    async with open_world(database_url, **given) as world:
        yield world


@asynccontextmanager
async def moved(old: World) -> AsyncIterator[World]:
    """The same database and pictures under another address."""
    before = old.application._settings
    kept = {"media_url": before.media_url, "secret_keys": before.secret_keys, "public_url": NEW}
    application = Application(make_settings(old.database_url, old.sandbox, **kept))
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=NEW) as api,
    ):
        yield replace(old, application=application, api=api)


async def with_avatar(world: World, token: str) -> str:
    url = await upload(world, token)
    done = await do(world, UPDATE_PROFILE, token, input={"fields": {"avatarUrl": url}})
    assert done["user"]["avatarUrl"] == url
    return url


async def store_whole(world: World) -> None:
    """As the first versions stored addresses."""

    async def write() -> None:
        for user in await User.exclude(avatar_url=None):
            await User.filter(id=user.id).update(avatar_url=f"{OLD}{user.avatar_url}")
        for product in await Product.exclude(image_url=None):
            await Product.filter(id=product.id).update(image_url=f"{OLD}{product.image_url}")

    await world.units.run(write)


@pytest.mark.parametrize("whole", [False, True], ids=["by key", "whole"])
async def test_the_worker_keeps_the_avatar_and_it_is_shown(old: World, whole: bool) -> None:
    token = (await old.sign_in())["token"]
    url = await with_avatar(old, token)
    unused = await upload(old, token, picture((9, 9, 9)))
    if whole:
        await store_whole(old)
    await old.advance(2 * DAY)

    async with moved(old) as world:
        clock = world.application.process.sandbox_clock
        assert clock is not None
        await clock.follow()
        await world.application.process.workshift.sweep()
        shown = (await me(world, token))["avatarUrl"]
        exported = (await world.ask(EXPORT, token))["data"]["exportMyData"]

        assert shown == exported["user"]["avatarUrl"] == url.replace(OLD, NEW)
        assert (await world.api.get(shown)).status_code == 200
        assert (await world.api.get(unused.replace(OLD, NEW))).status_code == 404


@pytest.mark.parametrize("whole", [False, True], ids=["by key", "whole"])
async def test_without_a_worker_uploads_keep_the_avatar(old: World, whole: bool) -> None:
    token = (await old.sign_in())["token"]
    url = await with_avatar(old, token)
    if whole:
        await store_whole(old)

    async with moved(old) as world:
        for number in range(4):
            await upload(world, token, picture((number, 1, 1)))
        again = await do(world, UPDATE_PROFILE, token, input={"fields": {"avatarUrl": url}})  # as it was given once

        assert (await world.api.get(url)).status_code == 200
        assert again["user"]["avatarUrl"] == url.replace(OLD, NEW)
        assert await world.read(lambda: Media.filter(released_at=None).count()) == 4


async def test_a_replaced_avatar_goes_under_the_new_address_too(old: World) -> None:
    token = (await old.sign_in())["token"]
    url = await with_avatar(old, token)
    await store_whole(old)

    async with moved(old) as world:
        await with_avatar(world, token)

        assert (await world.api.get(url)).status_code == 404


@pytest.mark.parametrize("whole", [False, True], ids=["by key", "whole"])
async def test_a_products_picture_moves_along_and_its_key_makes_it_once(old: World, whole: bool) -> None:
    token = (await operator(old))["token"]
    sent = await old.api.post(
        "/uploads/product", files={"file": ("a.png", picture())}, headers={"Authorization": f"Bearer {token}"}
    )
    url = sent.json()["url"]
    product = await made(old, token, imageUrl=url, idempotencyKey="one")
    card = await shared(old, token, imageUrl=url)
    if whole:
        await store_whole(old)

    async with moved(old) as world:
        shown = await show(world, product["id"])
        again = await create(world, token, imageUrl=url.replace(OLD, NEW), idempotencyKey="one")
        same_card = await shared(world, token, imageUrl=url.replace(OLD, NEW))

        assert shown == product | {"imageUrl": url.replace(OLD, NEW)}
        assert again["product"] == shown
        assert same_card == card | {"imageUrl": url.replace(OLD, NEW)}
