"""What an applet does with cards, as the tests of this folder call it."""

from datetime import datetime
from typing import Any

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from domain.sharing import content_hash, new_code
from models.sharing import Attribution, Share, ShareVisit
from tests.world import World

PAGE = "pages/index/index"
TITLE = "一起来喝茶"
CARD = """
  id code title path imageUrl sharedBy { nickname avatarUrl } visits newUsers
"""
CREATE = f"""
mutation ($input: CreateShareInput!) {{
  createShare(input: $input) {{
    __typename
    ... on CreateShareSuccess {{ share {{ {CARD} }} }}
    ... on Problem {{ code message recovery }}
    ... on InvalidInput {{ field issues {{ field message }} }}
    ... on WeChatProblem {{ errcode }}
  }}
}}"""
OPEN = f"""
mutation ($input: OpenShareInput!) {{
  openShare(input: $input) {{
    __typename
    ... on OpenShareSuccess {{ groupId share {{ {CARD} }} }}
    ... on Problem {{ code message recovery }}
    ... on InvalidInput {{ field issues {{ field message }} }}
  }}
}}"""
LOOK = f"query ($code: String!) {{ share(code: $code) {{ {CARD} }} }}"


async def create(world: World, token: str, **given: Any) -> dict[str, Any]:
    """The result of `createShare`, whatever member of its union it is."""
    answer = await world.ask(CREATE, token, {"input": {"page": PAGE, "title": TITLE} | given})
    assert "errors" not in answer, answer
    result: dict[str, Any] = answer["data"]["createShare"]
    return result


async def made(world: World, token: str, **given: Any) -> dict[str, Any]:
    """A share that was made or found again."""
    result = await create(world, token, **given)
    assert result["__typename"] == "CreateShareSuccess", result
    share: dict[str, Any] = result["share"]
    return share


async def open_card(world: World, token: str, code: str, **given: Any) -> dict[str, Any]:
    """The result of `openShare`, whatever member of its union it is."""
    answer = await world.ask(OPEN, token, {"input": {"code": code} | given})
    assert "errors" not in answer, answer
    result: dict[str, Any] = answer["data"]["openShare"]
    return result


async def look(world: World, code: str, token: str | None = None) -> dict[str, Any] | None:
    """What `share` shows."""
    answer = await world.ask(LOOK, token, {"code": code})
    assert "errors" not in answer, answer
    result: dict[str, Any] | None = answer["data"]["share"]
    return result


async def counts(world: World, code: str, token: str) -> tuple[int | None, int | None]:
    """visits and newUsers, as the bearer of the token sees them."""
    share = await look(world, code, token)
    assert share is not None
    return share["visits"], share["newUsers"]


async def stored(world: World) -> tuple[int, int, int]:
    """How many shares, visits and attributions there are."""

    async def count() -> tuple[int, int, int]:
        return await Share.all().count(), await ShareVisit.all().count(), await Attribution.all().count()

    return await world.read(count)


async def fill_hour(world: World, user_id: str, appid: str, number: int, at: datetime | None = None) -> None:
    """Shares of a user as if made at a moment, by default now."""
    moment = at or wire_clock()

    def row(index: int) -> Share:
        title = f"before {index}"
        return Share(
            id=new_id(Prefix.SHARE, moment),
            user_id=user_id,
            appid=appid,
            code=new_code(),
            page=PAGE,
            title=title,
            content_hash=content_hash(appid, PAGE, title),
            created_at=moment,
        )

    async def write() -> None:
        await Share.bulk_create([row(index) for index in range(number)])

    await world.units.run(write)
