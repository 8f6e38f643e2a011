"""Hostile pictures sent to a whole server: of what is refused nothing is stored, neither as a row nor as a file."""

from pathlib import Path
from typing import Any

import pytest

from models.media import Media
from tests.accounts.pictures import upload
from tests.media.hostile import refused
from tests.world import World

pytestmark = pytest.mark.anyio


async def stored(world: World) -> tuple[list[dict[str, Any]], list[Path]]:
    """Rows and files of pictures."""
    url = world.application._settings.media_url.get_secret_value()
    return await world.read(lambda: Media.all().values()), files_below(Path(url.removeprefix("file://")))


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def test_of_hostile_files_nothing_is_stored(world: World) -> None:
    # given
    token = (await world.sign_in())["token"]
    await upload(world, token)
    before = await stored(world)
    assert [len(found) for found in before] == [1, 1]
    # when
    statuses = {}
    for name, (content, _) in refused().items():
        answer = await world.api.post(
            "/uploads/avatar",
            files={"file": ("a.jpg", content, "image/jpeg")},
            headers={"Authorization": f"Bearer {token}"},
        )
        statuses[name] = answer.status_code
    # then
    assert len(statuses) > 50
    assert statuses == {name: 413 if name == "one byte too many" else 400 for name in refused()}
    assert await stored(world) == before
