"""What a join does to phones and avatars: the older user's stay, and what cannot stay is noted."""

import pytest

from domain.incidents import IncidentKind
from models.accounts import Phone
from models.incidents import Incident
from models.media import Media
from tests.accounts.operations import BIND_PHONE, UPDATE_PROFILE, do, me, phone_event
from tests.accounts.pictures import upload
from tests.world import World

pytestmark = pytest.mark.anyio
UNIONID = "o-union-of-one-person-000009"


async def two_users(world: World, **phones: str) -> dict[str, tuple[str, str, str]]:
    """(openid, appid, token) of the older and the younger, who bind the given numbers; WeChat can tell they are one."""
    found = {}
    for name, appid, unionid in zip(("older", "younger"), world.appids, (None, UNIONID), strict=True):
        openid = await world.person(appid=appid, unionid=unionid, phone=phones.get(name))
        token = (await world.sign_in(openid, appid))["token"]
        if name in phones:
            bound = await do(world, BIND_PHONE, token, input={"code": (await phone_event(world, openid))["code"]})
            assert bound["__typename"] == "BindPhoneSuccess"
        found[name] = (openid, appid, token)
    await world.person(openid=found["older"][0], unionid=UNIONID)
    return found


async def join(world: World, users: dict[str, tuple[str, str, str]]) -> str:
    """The id of the user that both are from now on."""
    openid, appid, _ = users["older"]
    joined = await world.sign_in(openid, appid)
    return str(joined["user"]["id"])


async def test_of_two_phones_the_olders_stays_and_the_other_is_free(world: World) -> None:
    users = await two_users(world, older="13800138000", younger="13900139000")

    user_id = await join(world, users)

    assert [phone.user_id for phone in await world.read(Phone.all)] == [user_id]
    for _, _, token in users.values():
        assert (await me(world, token))["phone"]["number"] == "+8613800138000"
    assert [incident.kind for incident in await world.read(Incident.all)] == [IncidentKind.PHONE_FREED_BY_JOIN]
    stranger = await world.person(phone="13900139000")
    token = (await world.sign_in(stranger))["token"]
    taken = await do(world, BIND_PHONE, token, input={"code": (await phone_event(world, stranger))["code"]})
    assert taken["user"]["phone"]["number"] == "+8613900139000"


async def test_the_youngers_phone_moves_where_the_older_has_none(world: World) -> None:
    users = await two_users(world, younger="13900139000")

    user_id = await join(world, users)

    assert [phone.user_id for phone in await world.read(Phone.all)] == [user_id]
    assert (await me(world, users["older"][2]))["phone"]["number"] == "+8613900139000"
    assert await world.read(Incident.all) == []


async def test_the_youngers_avatar_moves_and_can_still_be_replaced(world: World) -> None:
    users = await two_users(world)
    token = users["younger"][2]
    url = await upload(world, token)
    await do(world, UPDATE_PROFILE, token, input={"fields": {"avatarUrl": url}})

    user_id = await join(world, users)
    moved = await me(world, users["older"][2])
    claims = await world.read(Media.all)
    await do(world, UPDATE_PROFILE, users["older"][2], input={"fields": {"avatarUrl": None}})

    assert moved["avatarUrl"] == url
    assert [claim.user_id for claim in claims] == [user_id]
    assert (await world.api.get(url)).status_code == 404
