"""The profile: three ways to say who one is, and what is not taken."""

import json
from typing import Any

import pytest

from domain.incidents import IncidentKind
from models.incidents import Incident
from tests.accounts.operations import UPDATE_PROFILE, do, encrypted, me, signed, user_info
from tests.world import World, open_world

pytestmark = pytest.mark.anyio
CHECK = "/wxa/msg_sec_check"


async def signed_in(world: World, **given: Any) -> tuple[str, str]:
    """(openid, token)"""
    openid = await world.person(**given)
    return openid, (await world.sign_in(openid))["token"]


async def change(world: World, token: str, **input_: Any) -> dict[str, Any]:
    return await do(world, UPDATE_PROFILE, token, input=input_)


async def test_fields_change_what_they_name_and_null_clears(world: World) -> None:
    _, token = await signed_in(world)

    first = await change(
        world,
        token,
        fields={"nickname": "  张三 ", "gender": "FEMALE", "city": "深圳", "avatarUrl": "https://x.cn/a.png"},
    )
    second = await change(world, token, fields={"city": None, "language": "zh_CN"})
    third = await change(world, token, fields={"gender": None, "avatarUrl": None})

    assert first["user"] | {"id": ""} == {
        "id": "",
        "nickname": "张三",
        "avatarUrl": "https://x.cn/a.png",
        "gender": "FEMALE",
        "country": None,
        "province": None,
        "city": "深圳",
        "language": None,
        "phone": None,
    }
    assert (second["user"]["city"], second["user"]["language"], second["user"]["nickname"]) == (None, "zh_CN", "张三")
    assert (third["user"]["gender"], third["user"]["avatarUrl"], third["user"]["nickname"]) == ("UNKNOWN", None, "张三")
    assert await me(world, token) == third["user"]


async def test_every_issue_is_told_at_once_and_nothing_changes(world: World) -> None:
    _, token = await signed_in(world)
    before = await me(world, token)

    refused = await change(
        world,
        token,
        fields={
            "nickname": "x" * 65,
            "city": "a\u0000b",
            "language": "",
            "avatarUrl": "javascript:alert(1)",
            "province": "fine",
        },
    )

    assert refused["code"] == "INVALID_INPUT"
    assert sorted(issue["field"] for issue in refused["issues"]) == [
        "fields.avatarUrl",
        "fields.city",
        "fields.language",
        "fields.nickname",
    ]
    assert await me(world, token) == before
    assert await world.calls(CHECK) == 0


@pytest.mark.parametrize(
    "address",
    [
        "http://x.cn/a.png",
        "//x.cn/a.png",
        "https://",
        "https://user:pass@x.cn/a.png",
        "data:image/png;base64,AAAA",
        "https://x.cn/" + "a" * 1024,
        "https://x.cn/a b.png",
        "wxfile://tmp_1.png",
        "https://x.cn/\u202ea.png",
    ],
)
async def test_an_avatar_is_https_or_ours(world: World, address: str) -> None:
    _, token = await signed_in(world)

    refused = await change(world, token, fields={"avatarUrl": address})

    assert (refused["code"], refused["field"]) == ("INVALID_INPUT", "fields.avatarUrl")
    assert (await me(world, token))["avatarUrl"] is None


async def test_a_risky_nickname_is_refused_and_a_doubtful_one_is_marked(world: World) -> None:
    _, token = await signed_in(world)

    risky = await change(world, token, fields={"nickname": "违禁词", "city": "深圳"})
    kept = await me(world, token)
    doubtful = await change(world, token, fields={"nickname": "复核我"})

    assert (risky["__typename"], risky["code"]) == ("Refusal", "CONTENT_REJECTED")
    assert (kept["nickname"], kept["city"]) == (None, None)
    assert doubtful["user"]["nickname"] == "复核我"
    incidents = await world.read(Incident.all)
    assert [(incident.kind, incident.subject) for incident in incidents] == [
        (IncidentKind.CONTENT_REVIEW, doubtful["user"]["id"])
    ]


async def test_each_doubtful_nickname_is_marked_anew(world: World) -> None:
    _, token = await signed_in(world)

    for nickname in ("复核一", "复核二"):
        assert (await change(world, token, fields={"nickname": nickname}))["user"]["nickname"] == nickname

    assert [i.kind for i in await world.read(Incident.all)] == [IncidentKind.CONTENT_REVIEW] * 2


async def test_the_check_is_asked_for_new_nicknames_alone(world: World) -> None:
    _, token = await signed_in(world)

    await change(world, token, fields={"nickname": "Lin"})
    await change(world, token, fields={"nickname": "Lin", "city": "Suzhou"})
    await change(world, token, fields={"nickname": None})

    assert await world.calls(CHECK) == 1


@pytest.mark.parametrize("fault", ["errcode:-1", "http:500", "reset", "garbage", "errcode:45009"])
async def test_while_wechat_cannot_be_asked_the_setting_decides(database_url: str, fault: str) -> None:
    async with open_world(database_url) as world:
        _, token = await signed_in(world)
        await world.fault(fault, CHECK)
        refused = await change(world, token, fields={"nickname": "Lin"})
        assert (refused["code"], refused["recovery"]) == ("WECHAT_UNAVAILABLE", "RETRY")
        assert (await me(world, token))["nickname"] is None
    async with open_world(database_url, content_check_fallback="accept") as world:
        _, token = await signed_in(world)
        await world.fault(fault, CHECK)
        accepted = await change(world, token, fields={"nickname": "Lin"})
        assert accepted["user"]["nickname"] == "Lin"
        assert [i.kind for i in await world.read(Incident.all)] == [IncidentKind.CONTENT_REVIEW]


@pytest.mark.parametrize("way", [signed, encrypted])
async def test_the_earlier_ways_take_what_the_phone_says(world: World, way: Any) -> None:
    openid, token = await signed_in(world, nickname="阿丽", gender=2, avatarUrl="http://thirdwx.qlogo.cn/mmopen/1/132")

    done = await change(world, token, **way(await user_info(world, openid)))

    assert done["user"]["nickname"] == "阿丽"
    assert done["user"]["gender"] == "FEMALE"
    assert done["user"]["avatarUrl"] == "https://thirdwx.qlogo.cn/mmopen/1/132"


@pytest.mark.parametrize("way", [signed, encrypted])
async def test_the_anonymous_user_says_nothing(world: World, way: Any) -> None:
    openid, token = await signed_in(world)
    await change(world, token, fields={"nickname": "Lin", "gender": "MALE", "city": "Suzhou"})
    before = await me(world, token)

    done = await change(world, token, **way(await user_info(world, openid, anonymous=True)))

    assert {name: done["user"][name] for name in ("nickname", "gender", "city", "avatarUrl")} == {
        name: before[name] for name in ("nickname", "gender", "city", "avatarUrl")
    }


@pytest.mark.parametrize("way", [signed, encrypted])
async def test_data_made_with_a_newer_key_is_stale_until_the_next_sign_in(world: World, way: Any) -> None:
    openid, token = await signed_in(world, nickname="阿丽")
    await world.order("session-key/rotate", {"openid": openid})
    data = await user_info(world, openid)

    stale = await change(world, token, **way(data))
    unchanged = await me(world, token)
    await world.sign_in(openid)
    fresh = await change(world, token, **way(await user_info(world, openid)))

    assert (stale["__typename"], stale["code"], stale["recovery"]) == ("WeChatProblem", "SESSION_KEY_STALE", "SIGN_IN")
    assert "wx.login" in stale["message"]
    assert "`login`" in stale["message"]
    assert unchanged["nickname"] is None
    assert fresh["user"]["nickname"] == "阿丽"


@pytest.mark.parametrize("way", [signed, encrypted])
async def test_data_made_with_the_key_before_still_opens(world: World, way: Any) -> None:
    """`wx.login` ran between the data and its sending: the field's "fails at the first tap"."""
    openid, token = await signed_in(world, nickname="阿丽")
    data = await user_info(world, openid)
    await world.order("session-key/rotate", {"openid": openid})
    await world.sign_in(openid)

    done = await change(world, token, **way(data))

    assert done["user"]["nickname"] == "阿丽"


@pytest.mark.parametrize("way", [signed, encrypted])
async def test_another_users_data_is_never_accepted(world: World, way: Any) -> None:
    _, token = await signed_in(world)
    stranger, _ = await signed_in(world, nickname="阿丽")

    refused = await change(world, token, **way(await user_info(world, stranger)))

    assert refused["code"] == "SESSION_KEY_STALE"
    assert (await me(world, token))["nickname"] is None


async def test_data_that_was_changed_is_refused(world: World) -> None:
    openid, token = await signed_in(world, nickname="阿丽")
    data = await user_info(world, openid)
    raw = json.loads(data["rawData"])
    changed = [
        signed(data | {"rawData": json.dumps(raw, ensure_ascii=False)}),
        signed(data | {"signature": data["signature"].upper()}),
        encrypted(data | {"iv": data["iv"][:-4]}),
        encrypted(data | {"encryptedData": data["encryptedData"][:-1]}),
        encrypted(data | {"encryptedData": data["encryptedData"][:24]}),
    ]

    refused = [await change(world, token, **input_) for input_ in changed]

    assert [result["code"] for result in refused] == ["SESSION_KEY_STALE", *["INVALID_INPUT"] * 4]
    assert (await me(world, token))["nickname"] is None


async def test_a_mangled_plus_is_repaired(world: World) -> None:
    openid, token = await signed_in(world, nickname="阿丽")
    while True:
        data = await user_info(world, openid)
        if "+" in data["encryptedData"]:
            break
    mangled = data | {"encryptedData": data["encryptedData"].replace("+", " "), "iv": data["iv"].replace("+", " ")}

    done = await change(world, token, **encrypted(mangled))

    assert done["user"]["nickname"] == "阿丽"


@pytest.mark.parametrize("input_", [{}, {"fields": None}, {"fields": {}, "signed": {"rawData": "a", "signature": "b"}}])
async def test_exactly_one_way_is_asked_for(world: World, input_: dict[str, Any]) -> None:
    _, token = await signed_in(world)

    answer = await world.api.post(
        "/graphql",
        json={"query": UPDATE_PROFILE, "variables": {"input": input_}},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["BAD_REQUEST"]


async def test_empty_fields_change_nothing(world: World) -> None:
    _, token = await signed_in(world)
    before = await me(world, token)

    assert (await change(world, token, fields={}))["user"] == before
