"""Sessions: how long they live, how they end, and what a thief of the database would find."""

import logging
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.ids import Prefix, new_id
from domain.sessions import hash_token
from models.accounts import Identity, Session, User
from models.database import open_database
from services.accounts.sessions import Sessions, issue
from tests.databases import Databases
from tests.world import ME, World, error_codes, gather, open_world

pytestmark = pytest.mark.anyio
DAY = 86_400
REFUSED = ["UNAUTHENTICATED", "UNAUTHENTICATED"]


async def is_live(world: World, token: str) -> bool:
    answer = await world.ask(ME, token)
    assert error_codes(answer) in ([], REFUSED)
    return not error_codes(answer)


async def test_without_a_token_me_and_session_and_node_are_null(world: World) -> None:
    user_id = (await world.sign_in())["user"]["id"]

    answer = await world.ask(
        "query ($id: ID!) { me { id } session { expiresAt } node(id: $id) { id } }", None, {"id": user_id}
    )

    assert answer == {"data": {"me": None, "session": None, "node": None}}


async def test_with_a_bad_token_they_are_unauthenticated_and_the_request_is_not(world: World) -> None:
    answer = await world.ask('{ me { id } session { expiresAt } node(id: "usr_x") { id } __typename }', "bad")

    assert answer["data"] == {"me": None, "session": None, "node": None, "__typename": "Query"}
    assert error_codes(answer) == ["UNAUTHENTICATED"] * 3
    assert [error["path"] for error in answer["errors"]] == [["me"], ["session"], ["node"]]


async def test_node_gives_the_viewer_and_nobody_else(world: World) -> None:
    mine, theirs = await world.sign_in(), await world.sign_in()
    query = "query ($id: ID!) { node(id: $id) { __typename id ... on User { createdAt } } }"

    own = await world.ask(query, mine["token"], {"id": mine["user"]["id"]})
    others = [
        await world.ask(query, mine["token"], {"id": node_id})
        for node_id in (theirs["user"]["id"], "usr_00000000000000000000000000", "prd_1", "", "usr_", "nonsense")
    ]

    assert own["data"]["node"]["id"] == mine["user"]["id"]
    assert own["data"]["node"]["__typename"] == "User"
    assert others == [{"data": {"node": None}}] * 6


async def test_a_session_ends_after_seven_idle_days(world: World) -> None:
    idle, used = (await world.sign_in())["token"], (await world.sign_in())["token"]

    await world.advance(6 * DAY)
    assert await is_live(world, used)
    await world.advance(DAY - 30)
    assert await is_live(world, used)
    await world.advance(31)

    assert not await is_live(world, idle)
    assert await is_live(world, used)


async def test_a_session_ends_after_thirty_days_however_much_it_is_used(world: World) -> None:
    token = (await world.sign_in())["token"]
    for _ in range(4):
        await world.advance(6 * DAY)
        assert await is_live(world, token)

    await world.advance(6 * DAY - 30)
    assert await is_live(world, token)
    await world.advance(31)

    assert not await is_live(world, token)


class HandClock:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.mark.parametrize("used_on_days", [(), (6, 12, 18, 24)], ids=["idle", "absolute"])
async def test_expiry_is_exact_to_the_second(database_url: str, used_on_days: tuple[int, ...]) -> None:
    clock = HandClock()
    start = clock.now
    async with open_database(database_url) as units:
        sessions = Sessions(units, clock)
        token = await units.run(a_session, start)
        for days in used_on_days:
            clock.now = start + timedelta(days=days)
            assert await sessions.find(token) is not None
        end = start + timedelta(days=30 if used_on_days else 7)

        found = []
        for seconds in (1, 0, -1):  # the last one is a use, which would prolong the others
            clock.now = end + timedelta(seconds=seconds)
            found.append(await sessions.find(token) is not None)

    assert found == [False, False, True]


async def a_session(now: datetime) -> str:
    user = await User.create(id=new_id(Prefix.USER, now), created_at=now)
    identity = await Identity.create(
        id=new_id(Prefix.IDENTITY, now), user=user, appid="wx1", openid="o1", session_key="sealed", created_at=now
    )
    return (await issue(user, identity, now)).token


async def test_the_last_use_is_written_every_five_minutes_and_never_backwards(world: World) -> None:
    token = (await world.sign_in())["token"]

    async def last_use() -> Any:
        return (await Session.get()).last_used_at

    made = await world.read(last_use)
    await world.advance(290)
    await is_live(world, token)
    unchanged = await world.read(last_use)
    await world.advance(15)
    await is_live(world, token)
    moved = await world.read(last_use)
    await world.order("reset")
    await is_live(world, token)

    assert unchanged == made
    assert timedelta(seconds=304) < moved - made < timedelta(seconds=330)
    assert await world.read(last_use) == moved


async def test_logout_ends_this_session_or_all_of_them(world: World) -> None:
    openid = await world.person()
    tokens = [(await world.sign_in(openid))["token"] for _ in range(4)]
    other = (await world.sign_in())["token"]
    query = "mutation ($all: Boolean!) { logout(everywhere: $all) { ... on LogoutSuccess { ended } } }"

    one = await world.ask(query, tokens[0], {"all": False})
    again = await world.ask(query, tokens[0], {"all": False})
    without = await world.ask(query, None, {"all": True})
    everywhere = await world.ask(query, tokens[1], {"all": True})

    assert [answer["data"]["logout"]["ended"] for answer in (one, again, without, everywhere)] == [1, 0, 0, 3]
    assert [await is_live(world, token) for token in tokens] == [False] * 4
    assert await is_live(world, other)


async def test_a_signed_in_request_costs_one_statement_and_an_anonymous_one_none(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    token = (await world.sign_in())["token"]
    caplog.set_level(logging.DEBUG, "tortoise.db_client")
    caplog.clear()

    await world.ask('{ me { id nickname createdAt } session { expiresAt } node(id: "usr_1") { id } }', token)
    await world.ask("{ me { id } session { expiresAt } }")

    statements = [record.getMessage() for record in caplog.records if record.name == "tortoise.db_client"]
    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


async def test_ten_thousand_random_tokens_are_refused(world: World) -> None:
    token = (await world.sign_in())["token"]
    stored = await world.read(lambda: Session.all().values_list("token_hash", flat=True))
    near = [token[:-1], token + "A", token.swapcase(), token[::-1], f"{token} x", hash_token(token) or "", stored[0]]
    guesses = near + [secrets.token_urlsafe(32) for _ in range(10_000 - len(near))]

    found = await gather([world.application.process.services.sessions.find(guess) for guess in guesses])
    answers = await gather([world.ask("{ me { id } }", guess) for guess in guesses[:200]])

    assert found == [None] * 10_000
    assert Counter(tuple(error_codes(answer)) for answer in answers) == {("UNAUTHENTICATED",): 200}
    assert await is_live(world, token)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "bearer  ", "Token x", "Bearer é", "Bearer " + "a" * 4000]
)
async def test_odd_authorization_headers_sign_nobody_in(world: World, header: str) -> None:
    answer = await world.api.post(
        "/graphql", json={"query": "{ me { id } }"}, headers={b"Authorization": header.encode()}
    )

    assert answer.status_code == 200
    assert answer.json()["data"] == {"me": None}


async def test_a_dump_holds_no_token_and_no_session_key(databases: Databases) -> None:
    url = databases.fresh()
    async with open_world(url) as world:
        openids = [await world.person() for _ in range(50)]
        signed_in = [await world.sign_in(openid) for openid in openids * 2]
        tokens = [result["token"] for result in signed_in]
        session_keys = [key.session_key for key in world.sandbox.wechat.state.users.values()]
        dump = databases.dump(url)

    assert len(set(tokens)) == 100
    assert len(session_keys) == 50
    assert [secret for secret in tokens + session_keys if secret.encode() in dump] == []
    assert all(openid.encode() in dump for openid in openids)  # the dump is a whole one
