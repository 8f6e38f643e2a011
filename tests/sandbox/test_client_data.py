"""wx.getUserInfo, wx.getUserProfile and wx.getShareInfo: what they sign and seal, and with which key."""

import base64
import json
import re
from typing import Any

import pytest

from sandbox.client_data import seal, sign
from tests.sandbox.wire import ONE, TWO, RealTime, Wire, opened

pytestmark = pytest.mark.anyio

DAY = 86400
NOW = 1767225600
LIN: dict[str, Any] = {
    "nickname": "林 🌲",
    "avatarUrl": "https://example.com/lin.png",
    "gender": 2,
    "country": "中国",
    "province": "广东",
    "city": "深圳",
    "language": "zh_CN",
}
INFO = {
    "nickName": "林 🌲",
    "gender": 2,
    "language": "zh_CN",
    "city": "深圳",
    "province": "广东",
    "country": "中国",
    "avatarUrl": "https://example.com/lin.png",
}
GREY = (
    "https://thirdwx.qlogo.cn/mmopen/vi_32/"
    "POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132"
)


def test_the_published_example_of_a_signature() -> None:
    raw_data = (
        '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN",'
        '"avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBia'
        'ycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}'
    )

    assert sign(raw_data, "HyVFkGl5F5OQWJZZaNzBBg==") == "75e81ceda165f4ffa64f4068af58c64b8f54b88c"


def test_the_published_example_of_sealed_data() -> None:
    data = {
        "openId": "oGZUI0egBJY1zhBYw2KhdUfwVJJE",
        "nickName": "Band",
        "gender": 1,
        "language": "zh_CN",
        "city": "Guangzhou",
        "province": "Guangdong",
        "country": "CN",
        "avatarUrl": "http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvA"
        "MvTsw3mo8ibKicsnfN5pRjl1p8HQ/0",
        "unionId": "ocMvos6NjeKLIBqg5Mr9QjxrP1FA",
        "watermark": {"timestamp": 1477314187, "appid": "wx4f4bc4dec97d474b"},
    }
    iv = "r7BXXKkLb8qrSNn05n0qiA=="

    sealed = seal(data, "tiihtNczf5v6AKRyjwEUhQ==", base64.b64decode(iv))

    assert sealed["iv"] == iv
    assert sealed["encryptedData"] == (
        "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVb"
        "JSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COx"
        "Fvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4"
        "ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwT"
        "yrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5"
        "oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
    )
    assert opened(sealed, "tiihtNczf5v6AKRyjwEUhQ==") == data


async def test_get_user_info_signs_and_seals_a_person(wire: Wire) -> None:
    session = await wire.sign_in(**LIN)

    answer = await wire.control("wx/getUserInfo", {"openid": session["openid"]})

    assert sorted(answer) == ["encryptedData", "errMsg", "iv", "rawData", "signature", "userInfo"]
    assert answer["errMsg"] == "getUserInfo:ok"
    assert answer["userInfo"] == INFO
    assert answer["rawData"] == json.dumps(INFO, ensure_ascii=False, separators=(",", ":"))
    assert answer["signature"] == sign(answer["rawData"], session["session_key"])
    assert re.fullmatch(r"[0-9a-f]{40}", answer["signature"])
    assert opened(answer, session["session_key"]) == {
        "openId": session["openid"],
        **INFO,
        "unionId": session["unionid"],
        "watermark": {"timestamp": NOW, "appid": ONE.appid},
    }


async def test_a_person_without_unionid_has_none_in_the_data(wire: Wire) -> None:
    session = await wire.sign_in(unionid=None)

    answer = await wire.control("wx/getUserInfo", {"openid": session["openid"]})

    assert "unionId" not in opened(answer, session["session_key"])


async def test_get_user_profile_says_nothing_about_who_it_is(wire: Wire) -> None:
    session = await wire.sign_in(**LIN)

    answer = await wire.control("wx/getUserInfo", {"openid": session["openid"], "profile": True})

    assert answer["errMsg"] == "getUserProfile:ok"
    assert answer["userInfo"] == INFO
    assert opened(answer, session["session_key"]) == {**INFO, "watermark": {"timestamp": NOW, "appid": ONE.appid}}


@pytest.mark.parametrize("profile", [True, False])
async def test_an_anonymous_person_is_a_weixin_user_in_grey(wire: Wire, profile: bool) -> None:
    session = await wire.sign_in(**LIN)
    body = {"openid": session["openid"], "anonymous": True, "profile": profile}
    nobody = {
        "nickName": "微信用户",
        "gender": 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "avatarUrl": GREY,
    }

    answer = await wire.control("wx/getUserInfo", body)

    identity = {} if profile else {"openId": session["openid"], "unionId": session["unionid"]}
    assert answer["userInfo"] == json.loads(answer["rawData"]) == nobody
    assert answer["signature"] == sign(answer["rawData"], session["session_key"])
    assert opened(answer, session["session_key"]) == {
        **nobody,
        **identity,
        "watermark": {"timestamp": NOW, "appid": ONE.appid},
    }
    assert (await wire.state())["users"][0]["nickname"] == LIN["nickname"]


async def test_each_answer_has_an_iv_of_its_own(wire: Wire) -> None:
    session = await wire.sign_in()

    answers = [await wire.control("wx/getUserInfo", {"openid": session["openid"]}) for _ in range(3)]

    assert len({answer["iv"] for answer in answers}) == len({answer["encryptedData"] for answer in answers}) == 3
    assert len({answer["signature"] for answer in answers}) == 1
    assert [len(base64.b64decode(answer["iv"])) for answer in answers] == [16, 16, 16]


async def test_the_key_of_the_moment_seals(wire: Wire) -> None:
    session = await wire.sign_in()
    openid, old_key = session["openid"], session["session_key"]
    before = await wire.control("wx/getUserInfo", {"openid": openid})
    await wire.control("session-key/rotate", {"openid": openid})
    after = await wire.control("wx/getUserInfo", {"openid": openid})

    new_key = (await wire.exchange(await wire.code(openid)))["session_key"]

    assert opened(before, old_key)["openId"] == opened(after, new_key)["openId"] == openid
    assert sign(after["rawData"], new_key) == after["signature"] != sign(after["rawData"], old_key)
    for answer, wrong_key in ((before, new_key), (after, old_key)):
        with pytest.raises(ValueError, match=r"padding|codec|Expecting"):
            opened(answer, wrong_key)


async def test_the_watermark_has_real_time(wire: Wire, real_time: RealTime) -> None:
    session = await wire.sign_in()
    await wire.advance(3600)
    real_time.seconds += 10.9

    answer = await wire.control("wx/getUserInfo", {"openid": session["openid"]})

    assert opened(answer, session["session_key"])["watermark"] == {"timestamp": NOW + 10, "appid": ONE.appid}


@pytest.mark.parametrize(
    ("call", "body", "api"),
    [
        ("wx/getUserInfo", {}, "getUserInfo"),
        ("wx/getUserInfo", {"anonymous": True}, "getUserInfo"),
        ("wx/getUserInfo", {"profile": True}, "getUserProfile"),
        ("wx/getShareInfo", {}, "getShareInfo"),
    ],
)
async def test_without_a_live_session_the_phone_fails(wire: Wire, call: str, body: dict[str, Any], api: str) -> None:
    never = (await wire.control("users", {}))["openid"]
    expired = (await wire.sign_in())["openid"]
    await wire.advance(3 * DAY)

    answers = [await wire.control(call, {"openid": openid, **body}) for openid in (never, expired)]

    assert answers == [{"errMsg": f"{api}:fail login required: call wx.login first"}] * 2
    assert wire.server.wechat.state.users[never].session_key is None


@pytest.mark.parametrize("call", ["wx/getUserInfo", "wx/getPhoneNumber", "wx/getShareInfo"])
async def test_using_the_app_keeps_the_key_alive(wire: Wire, call: str) -> None:
    session = await wire.sign_in()
    for _ in range(2):
        await wire.advance(2 * DAY)
        answer = await wire.control(call, {"openid": session["openid"]})

    assert opened(answer, session["session_key"])["watermark"]["appid"] == ONE.appid


async def test_a_group_has_one_id_per_app(wire: Wire) -> None:
    async def group_of(openid: str, session_key: str, **body: str) -> str:
        answer = await wire.control("wx/getShareInfo", {"openid": openid, **body})
        assert sorted(answer) == ["encryptedData", "errMsg", "iv"]
        assert answer["errMsg"] == "getShareInfo:ok"
        data = opened(answer, session_key)
        assert sorted(data) == ["openGId", "watermark"]
        return str(data["openGId"])

    lin, mei = await wire.sign_in(), await wire.sign_in()
    there = await wire.control("users", {"appid": TWO.appid, "unionid": lin["unionid"]})
    lin_there = await wire.exchange(await wire.code(there["openid"]), TWO)
    people = [(each["openid"], each["session_key"]) for each in (lin, mei, lin_there)]

    family = [await group_of(*each, group="family") for each in people]
    work, unnamed = [[await group_of(*people[0], **body) for _ in range(2)] for body in ({"group": "work"}, {})]

    assert re.fullmatch(r"tG[0-9A-Za-z_-]{27}", family[0])
    assert family[0] == family[1] != family[2]
    assert work[0] == work[1]
    assert unnamed[0] == unnamed[1]
    assert len({*family, *work, *unnamed}) == 4


async def test_the_id_of_a_group_survives_a_reset(wire: Wire) -> None:
    groups = []
    for _ in range(2):
        session = await wire.sign_in()
        answer = await wire.control("wx/getShareInfo", {"openid": session["openid"], "group": "family"})
        groups.append(opened(answer, session["session_key"])["openGId"])
        await wire.control("reset")

    assert groups[0] == groups[1]
