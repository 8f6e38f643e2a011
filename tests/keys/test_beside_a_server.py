"""A rotation in a process of its own while people sign in: nobody is refused, no fresh key is lost."""

import asyncio
import sys
from pathlib import Path

import pytest

from models.accounts import Identity
from models.encryption import Cipher, new_secret_key
from tests import canaries
from tests.databases import Databases
from tests.keys.population import invent, sealed_values, store
from tests.process.running import SECONDS, clean_environment
from tests.world import World, open_world

pytestmark = pytest.mark.anyio

PEOPLE = 8
OTHERS = 3000


async def test_no_login_is_refused_or_lost(databases: Databases, tmp_path: Path) -> None:
    # given
    url = databases.fresh()
    new, old = new_secret_key(), new_secret_key()
    canaries.add(new, old)
    await store(url, invent(OTHERS, seed=41), old)
    async with open_world(url, secret_keys=old) as world:
        openids = [await world.person() for _ in range(PEOPLE)]
        for openid in openids:
            await world.sign_in(openid)
        state = world.sandbox.wechat.state.to_json()
    async with open_world(url, secret_keys=f"{new},{old}") as world:
        world.sandbox.wechat.state.load_json(state)
        # when
        rotation = asyncio.create_task(rotate(tmp_path, url, new, old))
        rounds = 0
        while not rotation.done():
            await asyncio.gather(*(sign_in_anew(world, openid) for openid in openids))
            rounds += 1
        # then
        assert await rotation == 0
        given = {openid: world.sandbox.wechat.state.users[openid].session_key for openid in openids}
        kept = {identity.openid: identity.session_key for identity in await world.read(Identity.all)}
    cipher = Cipher([new])
    assert rounds > 1
    assert {openid: cipher.open(kept[openid]) for openid in openids} == given
    places = {cipher.place_of_key(sealed) for sealed in (await sealed_values(url)).values()}
    assert places == {0}


async def sign_in_anew(world: World, openid: str) -> None:
    """With a session_key that the phone has just got."""
    await world.order("session-key/rotate", {"openid": openid})
    await world.sign_in(openid)


async def rotate(folder: Path, url: str, *secret_keys: str) -> int:
    """The exit code of the command."""
    environment = clean_environment(APPLETQL_DATABASE_URL=url, APPLETQL_SECRET_KEYS=",".join(secret_keys))
    command = [sys.executable, "-m", "server", "keys", "rotate"]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment)
    async with asyncio.timeout(SECONDS):
        return await process.wait()
