"""Hostile pictures sent to a whole server: refused, and neither a file nor a row is left of them."""

from pathlib import Path

import pytest

from models.media import Media
from tests.accounts.pictures import upload
from tests.media.hostile import refused
from tests.world import World, open_world

pytestmark = pytest.mark.anyio


async def statuses(world: World, token: str) -> dict[str, int]:
    """What each hostile picture is answered with, one after the other."""
    answered = {}
    for name, (picture, _) in refused().items():
        form = {"file": ("a.jpg", picture, "image/jpeg")}
        answer = await world.api.post("/uploads/avatar", files=form, headers={"Authorization": f"Bearer {token}"})
        answered[name] = answer.status_code
    return answered


async def kept(world: World, folder: Path) -> tuple[int, int]:
    """How many rows, and how many files."""
    return await world.read(lambda: Media.all().count()), len(files(folder))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_hostile_pictures_leave_neither_a_file_nor_a_row(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, media_url=f"file://{tmp_path}") as world:
        # given
        token = (await world.sign_in())["token"]
        # when
        answered = await statuses(world, token)
        # then
        assert answered == {name: 413 if name == "one byte too many" else 400 for name in refused()}
        assert await kept(world, tmp_path) == (0, 0)
        # and when
        await upload(world, token)
        # then
        assert await kept(world, tmp_path) == (1, 1)
