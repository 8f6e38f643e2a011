"""msg_sec_check: what it objects to, what it refuses, and what it cannot read."""

import json
import re
from typing import Any

import httpx
import pytest

from sandbox.application import ENDPOINTS, create_application
from sandbox.endpoints import Call
from sandbox.offline_wechat import OfflineWeChat
from tests.sandbox.wire import ONE, TWO, RealTime, Wire

pytestmark = pytest.mark.anyio

PATH = "/wxa/msg_sec_check"
PASS = {"suggest": "pass", "label": 100}
REVIEW = {"suggest": "review", "label": 21000}
RISKY = {"suggest": "risky", "label": 20001}


class Author:
    """Somebody who uses the app, and whose texts are checked."""

    def __init__(self, wire: Wire, openid: str, token: str) -> None:
        self.wire = wire
        self.openid = openid
        self.token = token

    @classmethod
    async def signed_in(cls, wire: Wire) -> "Author":
        return cls(wire, (await wire.sign_in())["openid"], await wire.token())

    def body(self, content: str = "你好", **fields: Any) -> dict[str, Any]:
        return {"content": content, "version": 2, "scene": 1, "openid": self.openid, **fields}

    async def check(self, content: str = "你好", **fields: Any) -> dict[str, Any]:
        return await self.wire.post(PATH, self.body(content, **fields), self.token)


@pytest.fixture
async def author(wire: Wire) -> Author:
    return await Author.signed_in(wire)


async def test_a_good_text_passes(author: Author) -> None:
    answer = await author.check("今天天气很好 🌲")

    assert answer == {
        "errcode": 0,
        "errmsg": "ok",
        "result": PASS,
        "detail": [{"strategy": "content_model", "errcode": 0, **PASS, "prob": 90}],
        "trace_id": answer["trace_id"],
    }
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}", answer["trace_id"])


async def test_a_banned_word_is_named_and_the_call_still_succeeds(author: Author) -> None:
    answer = await author.check("这是违禁的,请复核")

    assert (answer["errcode"], answer["errmsg"], answer["result"]) == (0, "ok", RISKY)
    assert answer["detail"] == [
        {"strategy": "content_model", "errcode": 0, **RISKY, "prob": 90},
        {"strategy": "keyword", "errcode": 0, **RISKY, "keyword": "违禁"},
        {"strategy": "keyword", "errcode": 0, **REVIEW, "keyword": "复核"},
    ]


@pytest.mark.parametrize(
    ("content", "result"),
    [("违禁", RISKY), ("very RISKY!", RISKY), ("复核", REVIEW), ("please Review", REVIEW), ("违 禁", PASS)],
)
async def test_words_are_found_however_they_are_written(author: Author, content: str, result: dict[str, Any]) -> None:
    assert (await author.check(content))["result"] == result


@pytest.mark.parametrize("field", ["title", "nickname", "signature"])
async def test_the_other_texts_are_checked_too(author: Author, field: str) -> None:
    assert (await author.check(**{field: "违禁"}))["result"] == RISKY


@pytest.mark.parametrize("scene", [2, 3, 4])
async def test_a_signature_is_looked_at_in_a_profile_alone(author: Author, scene: int) -> None:
    assert (await author.check(scene=scene, signature="违禁", title="好"))["result"] == PASS
    assert (await author.check(scene=scene, title="违禁"))["result"] == RISKY


async def test_escaped_characters_are_not_read_and_everything_passes(author: Author) -> None:
    body = author.body("违禁 risky")
    escaped, plain = json.dumps(body).encode(), json.dumps(body, ensure_ascii=False).encode()

    unread = await author.wire.post(PATH, escaped, author.token)
    read = await author.wire.post(PATH, plain, author.token)

    assert json.loads(escaped) == json.loads(plain)
    assert rb"\u8fdd\u7981" in escaped
    assert (unread["errcode"], unread["result"]) == (0, PASS)
    assert unread["detail"] == [{"strategy": "content_model", "errcode": 0, **PASS, "prob": 90}]
    assert read["result"] == RISKY


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        # One escaped character anywhere is enough.
        (r'"content": "违禁", "nickname": "\u6797"', PASS),
        (r'"content": "违禁 \ud83c\udf32"', PASS),
        (r'"content": "违禁 \\\u6797"', PASS),
        # What JSON must escape, or escapes for HTML's sake, hides nothing.
        (r'"content": "违禁 \u0001\n\t\""', RISKY),
        (r'"content": "违禁 \u003cb\u003e"', RISKY),
        # A backslash and a u, not an escape.
        (r'"content": "违禁 \\u6797"', RISKY),
    ],
)
async def test_what_counts_as_escaped(author: Author, raw: str, result: dict[str, Any]) -> None:
    body = f'{{{raw}, "version": 2, "scene": 1, "openid": "{author.openid}"}}'.encode()

    assert (await author.wire.post(PATH, body, author.token))["result"] == result


async def test_a_text_may_have_2500_characters(author: Author) -> None:
    assert (await author.check("好" * 2500))["errcode"] == 0
    assert (await author.check("好" * 2501))["errcode"] == 47001


BAD_BODIES: list[tuple[dict[str, Any], int, str]] = [
    ({"content": ""}, 47001, "data format error"),
    ({"content": None}, 47001, "data format error"),
    ({"content": 1}, 47001, "data format error"),
    ({"title": 1}, 47001, "data format error"),
    ({"nickname": None}, 47001, "data format error"),
    ({"signature": []}, 47001, "data format error"),
    ({"version": 1}, 47001, "data format error"),
    ({"version": "2"}, 47001, "data format error"),
    ({"version": None}, 47001, "data format error"),
    ({"scene": None}, 47001, "data format error"),
    ({"openid": None}, 47001, "data format error"),
    ({"scene": 0}, 40129, "invalid scene"),
    ({"scene": 5}, 40129, "invalid scene"),
    ({"scene": "1"}, 40129, "invalid scene"),
    ({"scene": True}, 40129, "invalid scene"),
    ({"openid": "nobody"}, 40003, "invalid openid"),
    ({"openid": ""}, 40003, "invalid openid"),
    ({"openid": 1}, 40003, "invalid openid"),
]


@pytest.mark.parametrize(("fields", "errcode", "text"), BAD_BODIES)
async def test_a_wrong_request_is_refused(author: Author, fields: dict[str, Any], errcode: int, text: str) -> None:
    answer = await author.check(**fields)

    assert sorted(answer) == ["errcode", "errmsg"]
    assert (answer["errcode"], answer["errmsg"].split(" rid: ")[0]) == (errcode, text)


@pytest.mark.parametrize(("raw", "errcode"), [(b"", 44002), (b"content=x", 47001), (b"[]", 47001), (b"null", 47001)])
async def test_what_is_no_json_object_is_refused(author: Author, raw: bytes, errcode: int) -> None:
    assert (await author.wire.post(PATH, raw, author.token))["errcode"] == errcode


async def test_the_path_wants_post(author: Author) -> None:
    response = await author.wire.http.get(PATH, params={"access_token": author.token})

    assert response.json()["errcode"] == 43002


@pytest.mark.parametrize(("token", "errcode"), [("", 41001), ("garbage", 40014)])
async def test_a_token_is_needed(author: Author, token: str, errcode: int) -> None:
    assert (await author.wire.post(PATH, author.body(), token))["errcode"] == errcode


async def test_an_openid_of_another_app_is_refused(author: Author) -> None:
    answer = await author.wire.post(PATH, author.body(), await author.wire.token(TWO))

    assert answer["errcode"] == 43104


@pytest.mark.parametrize(("age", "errcode"), [(7199.9, 0), (7200, 61010)])
async def test_the_person_must_have_been_seen_within_two_hours(
    wire: Wire, real_time: RealTime, age: float, errcode: int
) -> None:
    openid = (await wire.sign_in())["openid"]
    await wire.advance(age - 3600)
    real_time.seconds += 3600
    author = Author(wire, openid, await wire.token())

    answer = await author.check()

    assert answer["errcode"] == errcode
    assert errcode == 0 or answer["errmsg"].startswith("code is expired rid: ")


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("wx/login", {}),
        ("wx/checkSession", {}),
        ("wx/getUserInfo", {}),
        ("wx/getPhoneNumber", {}),
        ("wx/getPhoneNumber", {"deny": True}),
        ("wx/getShareInfo", {}),
    ],
)
async def test_every_call_of_the_phone_is_a_visit(wire: Wire, call: str, body: dict[str, Any]) -> None:
    author = Author(wire, (await wire.control("users", {}))["openid"], await wire.token())
    unseen = await author.check()

    await wire.control(call, {"openid": author.openid, **body})

    assert unseen["errcode"] == 61010
    assert (await author.check())["errcode"] == 0


async def test_orders_about_a_person_are_no_visit(author: Author) -> None:
    await author.wire.advance(7100)
    await author.wire.control("users", {"openid": author.openid, "nickname": "Lin"})
    await author.wire.control("session-key/rotate", {"openid": author.openid})
    await author.check()
    await author.wire.advance(99)
    still = await author.check()
    await author.wire.advance(1)
    author.token = await author.wire.token()

    assert still["errcode"] == 0
    assert (await author.check())["errcode"] == 61010


def test_an_app_may_have_4000_texts_checked_in_a_minute() -> None:
    # Four thousand requests over a socket take too long: the path itself is asked.
    wechat = OfflineWeChat(real_time=RealTime())
    create_application(wechat)
    tokens = {app.appid: wechat.tokens.classic(app.appid).value for app in (ONE, TWO)}

    def check(appid: str = ONE.appid) -> int:
        user = wechat.people.create(appid, {"unionid": "o1"})
        wechat.people.visit(user)
        body = json.dumps({"content": "x", "version": 2, "scene": 1, "openid": user.openid}).encode()
        answer = ENDPOINTS[PATH].handle(wechat, Call("POST", {"access_token": tokens[appid]}, {}, {}, body))
        return int(json.loads(answer.body)["errcode"])

    codes = {check() for _ in range(4000)}
    wechat.clock.advance(59.9)

    assert codes == {0}
    assert check() == 44991
    assert check(TWO.appid) == 0
    wechat.clock.advance(0.1)
    assert check() == 0


def test_a_reset_forgets_how_many_texts_were_checked() -> None:
    wechat = OfflineWeChat(real_time=RealTime())
    admitted = [wechat.content_checks.admit(ONE.appid) for _ in range(4001)]

    wechat.reset()

    assert admitted == [True] * 4000 + [False]
    assert wechat.content_checks.admit(ONE.appid)


@pytest.mark.parametrize("fault", ["errcode:-1", "http:502", "delay:0.05", "garbage"])
async def test_it_has_the_faults_that_every_path_has(author: Author, fault: str) -> None:
    await author.wire.fault(PATH, fault)

    first = await author.wire.http.post(PATH, params={"access_token": author.token}, json=author.body())

    assert first.status_code == (502 if fault == "http:502" else 200)
    assert (b'"suggest":"pass"' in first.content) == (fault == "delay:0.05")
    assert (await author.check())["result"] == PASS
    assert await author.wire.calls(PATH) == 2


@pytest.mark.parametrize("fault", ["reset", "reset-after"])
async def test_its_connection_can_be_cut(author: Author, fault: str) -> None:
    await author.wire.fault(PATH, fault)

    with pytest.raises(httpx.ReadError):
        await author.check()

    assert (await author.check())["result"] == PASS
