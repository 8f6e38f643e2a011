"""One person in several mini programs: a unionid joins identities to one user, whenever it arrives."""

import asyncio
import logging
from collections import Counter
from importlib import import_module
from typing import TypeGuard

import pytest
from tortoise.models import Model

from domain.incidents import IncidentKind
from models.accounts import Identity, Session, User
from models.database import MODULES
from models.incidents import Incident
from services.accounts.joining import MOVED
from tests.world import ME, World, rows

pytestmark = pytest.mark.anyio
UNIONID = "o-union-of-one-person-000001"
OTHER = "o-union-of-one-person-000002"


async def me(world: World, token: str) -> str:
    answer = await world.ask(ME, token)
    return str(answer["data"]["me"]["id"])


async def two_users(world: World) -> tuple[str, str]:
    """The openids of one person in two apps, known here as two users, the first one older; WeChat can tell now."""
    first, second = world.appids
    older = await world.person(appid=first, unionid=None)
    younger = await world.person(appid=second, unionid=UNIONID)
    await world.sign_in(older, first)
    await world.sign_in(younger, second)
    await world.person(openid=older, unionid=UNIONID)
    return older, younger


async def test_early_two_apps_are_one_user_from_the_start(world: World) -> None:
    first, second = world.appids
    one = await world.sign_in(await world.person(appid=first, unionid=UNIONID), first)
    two = await world.sign_in(await world.person(appid=second, unionid=UNIONID), second)

    assert one["user"]["id"] == two["user"]["id"]
    assert (one["isNewUser"], two["isNewUser"]) == (True, False)
    assert await rows(world) == (1, 2, 2)


async def test_late_the_unionid_is_added_and_joins_what_comes_after(world: World) -> None:
    first, second = world.appids
    openid = await world.person(appid=first, unionid=None)
    before = await world.sign_in(openid, first)
    await world.person(openid=openid, unionid=UNIONID)

    after = await world.sign_in(openid, first)
    elsewhere = await world.sign_in(await world.person(appid=second, unionid=UNIONID), second)

    assert before["user"]["id"] == after["user"]["id"] == elsewhere["user"]["id"]
    assert await rows(world) == (1, 2, 3)


async def test_joining_keeps_the_older_user_and_loses_nothing(world: World) -> None:
    older, younger = await two_users(world)
    first, second = world.appids
    stranger = await world.sign_in()
    young = [(await world.sign_in(younger, second))["token"] for _ in range(2)]
    users = await world.read(lambda: User.all().order_by("created_at"))
    older_id, younger_id = users[0].id, users[1].id
    await world.units.run(give_profiles, older_id, younger_id)

    joined = await world.sign_in(older, first)

    assert joined["user"] == {"id": older_id, "nickname": "younger"}
    assert joined["isNewUser"] is False
    assert [await me(world, token) for token in young] == [older_id, older_id]
    assert await me(world, stranger["token"]) == stranger["user"]["id"]
    kept = await world.read(lambda: User.get(id=older_id))
    gone = await world.read(lambda: User.get(id=younger_id))
    assert (kept.nickname, kept.city, kept.gender, kept.unionid) == ("younger", "Shenzhen", 2, UNIONID)
    assert (gone.merged_into_id, gone.unionid, gone.nickname) == (older_id, None, "younger")
    assert await world.read(lambda: Identity.filter(user_id=older_id).count()) == 2
    assert await world.read(lambda: Identity.filter(user_id=younger_id).count()) == 0
    assert await rows(world) == (3, 3, 6)


async def give_profiles(older_id: str, younger_id: str) -> None:
    await User.filter(id=older_id).update(city="Shenzhen", gender=2)
    await User.filter(id=younger_id).update(city="Beijing", nickname="younger", gender=1)


async def test_the_sign_in_that_joins_ends_no_session_of_either(world: World) -> None:
    older, younger = await two_users(world)
    first, second = world.appids
    await world.units.run(end_all)
    tokens = [(await world.sign_in(younger, second))["token"] for _ in range(10)]
    await world.person(openid=older, unionid=None)
    tokens += [(await world.sign_in(older, first))["token"] for _ in range(10)]
    await world.person(openid=older, unionid=UNIONID)

    joined = await world.sign_in(older, first)

    assert {await me(world, token) for token in tokens} == {joined["user"]["id"]}
    assert (await rows(world))[2] == 21


async def end_all() -> None:
    await Session.all().delete()


async def test_a_changed_unionid_is_an_incident_and_changes_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    openid = await world.person(unionid=UNIONID)
    before = await world.sign_in(openid)
    other = await world.sign_in(await world.person(unionid=OTHER, appid=world.appids[1]), world.appids[1])
    await world.person(openid=openid, unionid=OTHER)

    with caplog.at_level(logging.ERROR):
        after = [await world.sign_in(openid) for _ in range(2)]

    assert {result["user"]["id"] for result in after} == {before["user"]["id"]}
    assert other["user"]["id"] != before["user"]["id"]
    incidents = await world.read(Incident.all)
    assert [incident.kind for incident in incidents] == [IncidentKind.UNIONID_CHANGED]
    identity = await world.read(lambda: Identity.get(openid=openid))
    assert (incidents[0].subject, identity.unionid) == (identity.id, UNIONID)
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors == ["incident"]


@pytest.mark.parametrize("attempt", range(5))
async def test_two_apps_at_once_make_one_user(world: World, attempt: int) -> None:
    first, second = world.appids
    openids = [await world.person(appid=appid, unionid=f"{UNIONID}{attempt}") for appid in (first, second)]
    codes = [
        (await world.code(openid, appid), appid) for openid, appid in zip(openids * 5, (first, second) * 5, strict=True)
    ]

    results = await asyncio.gather(*(world.login(code, appid) for code, appid in codes))

    assert len({result["user"]["id"] for result in results}) == 1
    assert [result["isNewUser"] for result in results].count(True) == 1
    assert await rows(world) == (1, 2, 10)


@pytest.mark.parametrize("attempt", range(5))
async def test_joining_while_the_younger_is_writing(world: World, attempt: int) -> None:
    older, younger = await two_users(world)
    first, second = world.appids
    codes = [(await world.code(younger, second), second) for _ in range(8)]
    codes.insert(attempt, (await world.code(older, first), first))
    codes.append((await world.code(older, first), first))

    results = await asyncio.gather(*(world.login(code, appid) for code, appid in codes))

    assert Counter(result["__typename"] for result in results) == {"LoginSuccess": 10}
    users = await world.read(lambda: User.all().order_by("created_at"))
    assert [user.merged_into_id for user in users] == [None, users[0].id]
    assert {await me(world, result["token"]) for result in results[-3:]} == {users[0].id}
    assert await world.read(lambda: Identity.filter(user_id=users[1].id).count()) == 0
    assert await rows(world) == (2, 2, await world.read(lambda: Session.all().count()))


def test_everything_that_a_user_owns_moves_with_a_join() -> None:
    """A new model with a foreign key to User has to say what a join does to it."""
    models = [model for module in MODULES for model in vars(import_module(module)).values() if is_model(model)]
    owned = {
        model
        for model in models
        for name in model._meta.fk_fields | model._meta.o2o_fields
        if getattr(model._meta.fields_map[name], "model_name", "") == "models.User"
    }

    assert owned == {*MOVED, User}  # User itself: `merged_into`, which the join writes


def is_model(thing: object) -> TypeGuard[type[Model]]:
    return isinstance(thing, type) and issubclass(thing, Model) and thing is not Model
