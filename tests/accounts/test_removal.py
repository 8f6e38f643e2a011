"""Removing pictures that were given up: in the request the user's own, for a second; everything else beside it."""

import asyncio
import time
from typing import Any

import pytest

from domain.problems import Unavailable
from models.media import Media
from services.media.keys import MediaKey
from tests.accounts.operations import UPDATE_PROFILE, do
from tests.accounts.pictures import upload
from tests.world import World

pytestmark = pytest.mark.anyio


class Lame:
    """A store that removes nothing under some keys: by not answering, or by an error."""

    def __init__(self, world: World, *bad: str, hangs: bool = False) -> None:
        self._store = world.application.process.media
        self._delete, self._bad, self._hangs = self._store.delete, {url.split("/media/")[1] for url in bad}, hangs
        self.asked: list[str] = []

    async def delete(self, key: MediaKey) -> None:
        self.asked.append(str(key))
        if str(key) in self._bad:
            if self._hangs:
                await asyncio.sleep(5)
            raise Unavailable("away")
        await self._delete(key)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> "Lame":
        monkeypatch.setattr(self._store, "delete", self.delete)
        return self


async def with_avatar(world: World) -> tuple[str, str]:
    """Token and address."""
    token = (await world.sign_in())["token"]
    url = await upload(world, token)
    await do(world, UPDATE_PROFILE, token, input={"fields": {"avatarUrl": url}})
    return token, url


async def change(world: World, token: str, **fields: Any) -> float:
    """Seconds until the answer."""
    begun = time.perf_counter()
    result = await do(world, UPDATE_PROFILE, token, input={"fields": fields})
    assert result["__typename"] == "UpdateProfileSuccess"
    return time.perf_counter() - begun


async def owed(world: World) -> int:
    return await world.read(lambda: Media.exclude(released_at=None).count())


async def test_one_key_that_cannot_be_removed_keeps_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (first, bad), (second, good), (third, other) = [await with_avatar(world) for _ in range(3)]
    Lame(world, bad).install(monkeypatch)

    for token in (first, second, third):
        await change(world, token, avatarUrl=None)

    assert [(await world.api.get(url)).status_code for url in (bad, good, other)] == [200, 404, 404]
    assert await owed(world) == 1


async def test_a_store_that_hangs_keeps_nobody_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (token, bad), (stranger, _) = [await with_avatar(world) for _ in range(2)]
    lame = Lame(world, bad, hangs=True).install(monkeypatch)

    own = await change(world, token, avatarUrl=None)
    others = [await change(world, stranger, city=city) for city in ("Suzhou", "Wuxi", "Kunshan")]

    assert own < 3.5
    assert min(others) < 0.8
    assert len(lame.asked) <= 3  # one sweep in the background, however many ask for it


async def test_the_rest_goes_in_the_background(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (token, bad), (stranger, _) = [await with_avatar(world) for _ in range(2)]
    with monkeypatch.context() as patched:
        Lame(world, bad).install(patched)
        await change(world, token, avatarUrl=None)
        assert await owed(world) == 1

    async with asyncio.timeout(10):
        while await owed(world):
            await change(world, stranger, city="Suzhou")
            await asyncio.sleep(0.05)

    assert (await world.api.get(bad)).status_code == 404


async def test_the_worker_removes_what_is_owed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [await with_avatar(world) for _ in range(3)]
    with monkeypatch.context() as patched:
        Lame(world, *(url for _, url in people)).install(patched)
        for token, _ in people:
            await change(world, token, avatarUrl=None)
        assert await owed(world) == 3
    Lame(world, people[0][1]).install(monkeypatch)

    await world.application.process.workshift.sweep()

    assert [(await world.api.get(url)).status_code for _, url in people] == [200, 404, 404]
    assert await owed(world) == 1
