"""What happens to requests of a user who is joined, or written to, at the same moment."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.accounts import Identity, Session, User
from services.accounts import recognition
from tests.end_to_end.test_unionid import UNIONID, two_users
from tests.world import LOGIN, ME, World, error_codes, rows

pytestmark = pytest.mark.anyio


async def test_logout_everywhere_follows_a_join_within_its_own_request(world: World) -> None:
    older, younger = await two_users(world)
    first, second = world.appids
    token = (await world.sign_in(younger, second))["token"]
    code = await world.code(older, first)
    query = LOGIN.strip().removesuffix("}") + "  logout(everywhere: true) { ... on LogoutSuccess { ended } }\n}"

    answer = await world.ask(query, token, {"code": code, "appId": first})

    assert answer["data"]["login"]["__typename"] == "LoginSuccess"
    assert answer["data"]["logout"]["ended"] == 4
    assert (await rows(world))[2] == 0
    assert error_codes(await world.ask(ME, token)) == ["UNAUTHENTICATED"] * 2


async def test_of_several_logouts_of_one_session_one_ends_it(world: World) -> None:
    token = (await world.sign_in())["token"]
    query = "mutation { logout { ... on LogoutSuccess { ended } } }"

    answers = await asyncio.gather(*(world.ask(query, token) for _ in range(6)))

    assert sorted(answer["data"]["logout"]["ended"] for answer in answers) == [0, 0, 0, 0, 0, 1]


async def test_a_clock_that_steps_back_sells_no_dead_token(world: World) -> None:
    openid = await world.person()
    for _ in range(10):
        await world.sign_in(openid)
    await world.units.run(move_all_sessions_ahead)

    token = (await world.sign_in(openid))["token"]

    assert error_codes(await world.ask(ME, token)) == []
    assert (await rows(world))[2] == 10


async def move_all_sessions_ahead() -> None:
    """As if they had been made by a server whose clock goes before."""
    ahead = datetime.now(UTC) + timedelta(hours=2)
    await Session.all().update(created_at=ahead, last_used_at=ahead)


async def test_a_profile_written_between_finding_and_holding_survives_the_join(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, younger = await two_users(world)
    first, _ = world.appids
    found = recognition._find
    written: list[bool] = []

    async def find_and_let_somebody_write(
        person: recognition.Person,
    ) -> tuple[Identity | None, User | None]:
        result = await found(person)
        if not written:
            written.append(True)
            await User.filter(unionid=None).update(nickname="kept")
            await User.filter(unionid=UNIONID).update(nickname="younger's")
        return result

    monkeypatch.setattr(recognition, "_find", find_and_let_somebody_write)

    joined = await world.sign_in(older, first)

    assert joined["user"]["nickname"] == "kept"
    assert younger != older
