"""A join of two users: every card still works, a visit counts once, and nobody visits or brings themselves."""

import asyncio
from typing import Any

import pytest

from models.sharing import Attribution, Share, ShareVisit
from tests.sharing.cards import counts, look, made, open_card, stored
from tests.world import World

pytestmark = pytest.mark.anyio
UNIONID = "o-union-of-one-sharer-0001"


class Two:
    """One person in two mini programs, known as two users until `join`; the first is the older."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def sign_in(self, younger_came_by: str | None = None) -> "Two":
        first, second = self.world.appids
        self.openid = await self.world.person(appid=first, unionid=None)
        self.older: dict[str, Any] = await self.world.sign_in(self.openid, first)
        if younger_came_by == "the older's share":
            younger_came_by = (await made(self.world, self.older["token"]))["code"]
        younger = await self.world.person(appid=second, unionid=UNIONID)
        self.younger: dict[str, Any] = await self.world.sign_in(younger, second, share_code=younger_came_by)
        assert self.older["user"]["id"] != self.younger["user"]["id"]
        await self.world.person(openid=self.openid, unionid=UNIONID)
        return self

    async def join(self) -> None:
        joined = await self.world.sign_in(self.openid, self.world.appids[0])
        assert joined["user"]["id"] == self.older["user"]["id"]


async def test_shares_and_those_they_brought_move_and_every_card_still_works(world: World) -> None:
    two = await Two(world).sign_in()
    old, young = two.older["token"], two.younger["token"]
    codes = [(await made(world, token, title=f"{token[:3]}"))["code"] for token in (old, young)]
    for code in codes:
        await open_card(world, (await world.sign_in(share_code=code))["token"], code)

    await two.join()

    for token in (old, young):
        assert [await counts(world, code, token) for code in codes] == [(1, 1), (1, 1)]
    owners = await world.read(lambda: Share.all().values_list("user_id", flat=True))
    assert set(owners) == {two.older["user"]["id"]}
    assert await stored(world) == (2, 2, 2)


async def test_visits_of_both_are_one_and_visits_to_each_other_are_none(world: World) -> None:
    two = await Two(world).sign_in()
    old, young = two.older["token"], two.younger["token"]
    friend = (await world.sign_in())["token"]
    olders, youngers, friends, others = [
        (await made(world, token, title=title))["code"]
        for token, title in ((old, "a"), (young, "b"), (friend, "c"), (friend, "d"))
    ]
    for token, code in ((old, youngers), (young, olders), (old, friends), (young, friends), (young, others)):
        await open_card(world, token, code)
    await open_card(world, friend, olders)
    assert await stored(world) == (4, 6, 0)

    await two.join()

    assert [await counts(world, code, old) for code in (olders, youngers)] == [(1, 0), (0, 0)]
    assert [await counts(world, code, friend) for code in (friends, others)] == [(1, 0), (1, 0)]
    visitors = await world.read(lambda: ShareVisit.all().values_list("user_id", flat=True))
    assert two.younger["user"]["id"] not in visitors
    await open_card(world, young, olders)
    assert await stored(world) == (4, 3, 0)


async def test_who_came_through_their_own_share_is_no_newcomer_any_more(world: World) -> None:
    two = await Two(world).sign_in(younger_came_by="the older's share")
    (share,) = await world.read(Share.all)
    assert await counts(world, share.code, two.older["token"]) == (0, 1)

    await two.join()

    assert await counts(world, share.code, two.older["token"]) == (0, 0)
    assert await world.read(lambda: Attribution.all().count()) == 1


async def test_who_came_in_both_mini_programs_is_one_newcomer(world: World) -> None:
    first, second = world.appids
    owner = (await world.sign_in())["token"]
    code = (await made(world, owner))["code"]
    openid = await world.person(appid=first, unionid=None)
    await world.sign_in(openid, first, share_code=code)
    await world.sign_in(await world.person(appid=second, unionid=UNIONID), second, share_code=code)
    assert await counts(world, code, owner) == (0, 2)

    await world.person(openid=openid, unionid=UNIONID)
    await world.sign_in(openid, first)

    assert await counts(world, code, owner) == (0, 1)


async def test_the_same_card_of_both_stays_two_codes_and_the_olders_is_found_again(world: World) -> None:
    two = await Two(world).sign_in()
    old, young = two.older["token"], two.younger["token"]
    codes = [(await made(world, token))["code"] for token in (old, young)]
    (olders,) = await world.read(lambda: Share.filter(code=codes[0]))

    async def make_equal() -> None:  # as for two identities in one mini program
        await Share.filter(code=codes[1]).update(content_hash=olders.content_hash, appid=olders.appid)

    await world.units.run(make_equal)
    await two.join()

    assert [await counts(world, code, young) for code in codes] == [(0, 0), (0, 0)]
    assert (await made(world, old))["code"] == codes[0]
    assert await stored(world) == (2, 0, 0)


@pytest.mark.parametrize("attempt", range(2))
async def test_sharing_goes_on_during_a_join(world: World, attempt: int) -> None:
    two = await Two(world).sign_in()
    old, young = two.older["token"], two.younger["token"]
    code = (await made(world, old, title="the older's"))["code"]
    friends = (await made(world, (await world.sign_in())["token"], title="a friend's"))["code"]
    calls: list[Any] = [open_card(world, token, each) for token in (young, old) for each in (code, friends)] * 2
    calls += [made(world, young, title=f"new {number % 3}") for number in range(6)]
    calls.insert(attempt * 5, two.join())

    results = await asyncio.gather(*calls)

    assert {result.get("__typename", "made") for result in results if result} == {"OpenShareSuccess", "made"}
    assert await counts(world, code, old) == (0, 0)
    seen = await look(world, friends)
    assert seen is not None
    assert await world.read(lambda: ShareVisit.filter(user_id=two.older["user"]["id"]).count()) == 1
    assert await world.read(lambda: ShareVisit.filter(user_id=two.younger["user"]["id"]).count()) == 0
    assert await world.read(lambda: Share.filter(user_id=two.younger["user"]["id"]).count()) == 0
    assert await stored(world) == (5, 1, 0)
