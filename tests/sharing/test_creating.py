"""`createShare`: what becomes a share, what is the same one, what is refused, and how many there may be."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import wire_clock
from domain.incidents import IncidentKind
from models.incidents import Incident
from models.sharing import Share
from tests.sharing.cards import CREATE, PAGE, TITLE, create, fill_hour, look, made, stored
from tests.world import World, error_codes, gather

pytestmark = pytest.mark.anyio
CHECK = "/wxa/msg_sec_check"
IMAGE = "https://cdn.example.com/tea.png"


async def test_a_page_and_a_title_become_a_card(world: World) -> None:
    token = (await world.sign_in())["token"]

    share = await made(world, token, page=f"{PAGE}?id=7", imageUrl=IMAGE)

    code = share["code"]
    assert share == {
        "id": share["id"],
        "code": code,
        "title": TITLE,
        "path": f"{PAGE}?id=7&share={code}",
        "imageUrl": IMAGE,
        "sharedBy": {"nickname": None, "avatarUrl": None},
        "visits": 0,
        "newUsers": 0,
    }
    assert share["id"].startswith("shr_")
    assert await look(world, code, token) == share
    assert await stored(world) == (1, 0, 0)


async def test_the_same_again_is_the_same_share_and_another_is_another(world: World) -> None:
    first, second = (await world.sign_in())["token"], (await world.sign_in())["token"]

    one = await made(world, first)
    again = await made(world, first, title=f"  {TITLE} ", imageUrl=None)
    others = [
        await made(world, first, title="😀" * 64),
        await made(world, first, page="pages/other/other"),
        await made(world, second),
    ]
    pictured = await made(world, first, imageUrl=IMAGE)

    assert again == one
    assert pictured == one | {"imageUrl": IMAGE}
    assert [share["title"] for share in others[:1]] == ["😀" * 64]
    assert len({share["code"] for share in [one, *others]}) == 4
    assert await stored(world) == (4, 0, 0)
    assert await world.calls(CHECK) == 4


async def test_without_a_session_or_with_faults_nothing_is_asked_and_every_fault_is_told(world: World) -> None:
    for bad in (None, "no-such-token"):
        answer = await attempt(world, bad, page="/", title="")
        assert answer["data"] == {"createShare": None}
        assert error_codes(answer) == ["UNAUTHENTICATED"]
    token = (await world.sign_in())["token"]

    refused = await create(world, token, page="/a//b?share=1", title="\u0007", imageUrl="http://example.com/a.png")

    assert (refused["__typename"], refused["code"], refused["field"]) == ("InvalidInput", "INVALID_INPUT", "page")
    assert Counter(issue["field"] for issue in refused["issues"]) == {"page": 2, "title": 1, "imageUrl": 1}
    assert await stored(world) == (0, 0, 0)
    assert await world.calls(CHECK) == 0


FAULTY = [
    ({"title": ""}, "title"),
    ({"title": "x" * 65}, "title"),
    ({"title": "a\ud800"}, "title"),
    ({"title": "a\nb"}, "title"),
    ({"page": "a\ud800"}, "page"),
    ({"imageUrl": ""}, "imageUrl"),
    ({"imageUrl": "//cdn.example.com/a.png"}, "imageUrl"),
    ({"imageUrl": "javascript:alert(1)"}, "imageUrl"),
    ({"imageUrl": "https://user:pass@example.com/a.png"}, "imageUrl"),
    ({"imageUrl": "https://"}, "imageUrl"),
    ({"imageUrl": "https://example.com/a b.png"}, "imageUrl"),
    ({"imageUrl": "https://example.com/" + "a" * 1024}, "imageUrl"),
]


async def test_a_faulty_field_is_named(world: World) -> None:
    token = (await world.sign_in())["token"]
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}

    for given, field in FAULTY:
        variables = {"input": {"page": PAGE, "title": TITLE} | given}
        body = json.dumps({"query": CREATE, "variables": variables})  # escaped: a lone surrogate has no UTF-8
        answer = await world.api.post("/graphql", content=body, headers=headers)
        result = answer.json()["data"]["createShare"]
        assert (given, result["__typename"], result["field"]) == (given, "InvalidInput", field)

    assert await stored(world) == (0, 0, 0)


async def test_a_risky_title_is_refused_and_one_to_be_reviewed_kept_and_shown_to_the_operator(world: World) -> None:
    token = (await world.sign_in())["token"]

    refused = await create(world, token, title="违禁 tea")

    assert (refused["__typename"], refused["code"], refused["recovery"]) == ("Refusal", "CONTENT_REJECTED", "NONE")
    assert await stored(world) == (0, 0, 0)
    assert await incidents(world) == []

    share = await made(world, token, title="复核 tea")
    await made(world, token, title="复核 tea")

    assert await incidents(world) == [(IncidentKind.CONTENT_REVIEW, share["id"])]


async def incidents(world: World) -> list[tuple[str, str]]:
    return [(incident.kind, incident.subject) for incident in await world.read(Incident.all)]


async def test_without_the_content_check_nothing_is_kept_and_a_repeat_is_worth_it(world: World) -> None:
    token = (await world.sign_in())["token"]

    for fault in ("http:500", "errcode:-1", "garbage", "reset"):
        await world.fault(fault, CHECK)
        refused = await create(world, token)
        assert (fault, refused["__typename"], refused["recovery"]) == (fault, "WeChatProblem", "RETRY")

    assert await stored(world) == (0, 0, 0)
    await made(world, token)


async def test_fifty_times_the_same_at_once_are_one_share(world: World) -> None:
    token = (await world.sign_in())["token"]

    shares = await asyncio.gather(*(made(world, token) for _ in range(50)))

    assert len({share["id"] for share in shares}) == 1
    assert await stored(world) == (1, 0, 0)


async def test_the_limit_of_an_hour_is_exact_under_concurrency(world: World) -> None:
    viewer = await world.sign_in()
    await fill_hour(world, viewer["user"]["id"], world.appids[0], 48)

    answers = await gather([attempt(world, viewer["token"], title=f"new {number}") for number in range(40)])

    made_ones = [answer for answer in answers if answer["data"]["createShare"]]
    refused = [answer for answer in answers if not answer["data"]["createShare"]]
    assert (len(made_ones), len(refused)) == (12, 28)
    assert {code for answer in refused for code in error_codes(answer)} == {"RATE_LIMITED"}
    waits = [answer["errors"][0]["extensions"]["retryAfter"] for answer in refused]
    assert all(3500 < wait <= 3600 for wait in waits)
    assert await stored(world) == (60, 0, 0)


async def attempt(world: World, token: str | None, **given: Any) -> dict[str, Any]:
    return await world.ask(CREATE, token, {"input": {"page": PAGE, "title": TITLE} | given})


async def test_beyond_the_limit_repeats_are_free_and_time_heals(world: World) -> None:
    viewer = await world.sign_in()
    token, stranger = viewer["token"], (await world.sign_in())["token"]
    known = await made(world, token)
    await fill_hour(world, viewer["user"]["id"], world.appids[0], 59, wire_clock() - timedelta(minutes=40))
    checks = await world.calls(CHECK)

    refused = await attempt(world, token, title="one more")
    assert error_codes(refused) == ["RATE_LIMITED"]
    wait = refused["errors"][0]["extensions"]["retryAfter"]
    assert 1100 < wait <= 1200
    assert await world.calls(CHECK) == checks
    assert await made(world, token) == known
    await made(world, stranger, title="somebody else's")

    await world.advance(wait - 30)
    assert error_codes(await attempt(world, token, title="one more")) == ["RATE_LIMITED"]
    await world.advance(31)
    await made(world, token, title="one more")


async def test_shares_of_two_mini_programs_are_two(world: World) -> None:
    first, second = world.appids
    one = await world.sign_in(await world.person(appid=first, unionid="o-sharing-1"), first)
    two = await world.sign_in(await world.person(appid=second, unionid="o-sharing-1"), second)

    codes = {(await made(world, viewer["token"]))["code"] for viewer in (one, two, one)}

    assert one["user"]["id"] == two["user"]["id"]
    assert len(codes) == 2
    appids = await world.read(lambda: Share.all().values_list("appid", flat=True))
    assert sorted(map(str, appids)) == sorted(world.appids)
