"""WeChat's check of texts: real UTF-8 out, and its advice back."""

import json
from typing import Any

import httpx
import pytest

from tests.wechat.scripted import (
    APP,
    CONTENT,
    OPENID,
    SECOND_TOKEN,
    TOKEN,
    Reply,
    Script,
    open_wechat,
    refusal,
    token_answer,
)
from wechat import errors
from wechat.access_token import PATH as STABLE_TOKEN
from wechat.content_check import LONGEST_CONTENT, MSG_SEC_CHECK, Scene, Suggestion, Verdict

pytestmark = pytest.mark.anyio


def advice(suggest: Any = "pass", label: Any = 100) -> dict[str, Any]:
    return {
        "errcode": 0,
        "errmsg": "ok",
        "trace_id": "60ae120f-371d5872-4941a05b",
        "result": {"suggest": suggest, "label": label},
        "detail": [{"strategy": "content_model", "errcode": 0, "suggest": "risky", "label": 20006, "prob": 90}],
    }


async def check(script: Script, content: str = CONTENT, **notes: str) -> Verdict:
    async with open_wechat(script) as wechat:
        return await wechat.content.msg_sec_check(APP, OPENID, content, Scene.PROFILE, **notes)


async def test_the_text_is_sent_once_in_real_utf_8() -> None:
    script = Script({MSG_SEC_CHECK: [advice()]})

    await check(script, nickname="昵称", title="题目🀄")

    request = script.last(MSG_SEC_CHECK)
    assert (request.method, dict(request.url.params)) == ("POST", {"access_token": TOKEN})
    assert json.loads(request.content) == {
        "version": 2,
        "openid": OPENID,
        "scene": 1,
        "content": CONTENT,
        "nickname": "昵称",
        "title": "题目🀄",
    }
    assert all(text.encode() in request.content for text in (CONTENT, "昵称", "题目🀄"))
    assert b"\\u" not in request.content
    assert script.count(MSG_SEC_CHECK) == 1


@pytest.mark.parametrize(("scene", "number"), [("PROFILE", 1), ("COMMENT", 2), ("FORUM", 3), ("SOCIAL_LOG", 4)])
async def test_scenes_go_out_as_numbers_and_absent_notes_not_at_all(scene: str, number: int) -> None:
    script = Script({MSG_SEC_CHECK: [advice()]})
    async with open_wechat(script) as wechat:
        await wechat.content.msg_sec_check(APP, OPENID, CONTENT, Scene[scene])

    body = json.loads(script.last(MSG_SEC_CHECK).content)
    assert body["scene"] == number
    assert set(body) == {"version", "openid", "scene", "content"}


@pytest.mark.parametrize("suggest", ["pass", "review", "risky"])
@pytest.mark.parametrize("label", [100, 20006])
async def test_the_suggestion_decides_and_nothing_else(suggest: str, label: int) -> None:
    verdict = await check(Script({MSG_SEC_CHECK: [advice(suggest, label)]}))

    assert verdict == Verdict(Suggestion(suggest), label)


@pytest.mark.parametrize(
    "answer",
    [
        {"errcode": 0, "errmsg": "ok"},
        {"errcode": 0, "errmsg": "ok", "result": "pass"},
        {"errcode": 0, "errmsg": "ok", "result": None},
        {"errcode": 0, "errmsg": "ok", "result": {}},
        *(advice(suggest) for suggest in ("", "PASS", "block", None, 1, ["pass"], {"pass": 1})),
        *(advice(label=label) for label in (None, "100", 100.0, True)),
    ],
    ids=lambda answer: str(answer.get("result")),
)
async def test_advice_that_is_none_is_no_pass(answer: dict[str, Any]) -> None:
    script = Script({MSG_SEC_CHECK: [answer]})

    with pytest.raises(errors.Unreadable, match="no usable result"):
        await check(script)

    assert script.count(MSG_SEC_CHECK) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(-1), errors.Busy),
        (refusal(61010), errors.UserNotSeen),
        (refusal(44991), errors.RateLimited),
        (refusal(45009), errors.RateLimited),
        (refusal(40003), errors.CallerBug),
        (refusal(40129), errors.CallerBug),
        (refusal(87014), errors.Rejected),
        (httpx.ReadTimeout("late"), errors.TimedOut),
        (httpx.Response(502), errors.Unreadable),
    ],
    ids=str,
)
async def test_what_fails_is_named_and_asked_once(reply: Reply, kind: type[errors.WeChatError]) -> None:
    script = Script({MSG_SEC_CHECK: [reply, advice()]})

    with pytest.raises(errors.WeChatError) as raised:
        await check(script)

    assert type(raised.value) is kind
    assert script.count(MSG_SEC_CHECK) == 1


async def test_a_refused_access_token_is_replaced_once() -> None:
    script = Script(
        {STABLE_TOKEN: [token_answer(), token_answer(SECOND_TOKEN)], MSG_SEC_CHECK: [refusal(42001), advice("review")]}
    )

    assert (await check(script)).suggest is Suggestion.REVIEW
    assert (script.count(MSG_SEC_CHECK), script.count(STABLE_TOKEN)) == (2, 2)


@pytest.mark.parametrize("content", ["", "中" * (LONGEST_CONTENT + 1)], ids=len)
async def test_a_text_of_another_length_is_not_sent(content: str) -> None:
    script = Script({MSG_SEC_CHECK: [advice()]})

    with pytest.raises(errors.CallerBug, match="content must have 1 to 2500 characters"):
        await check(script, content)

    assert script.requests == []


@pytest.mark.parametrize("content", ["x", "中" * LONGEST_CONTENT, "🀄" * LONGEST_CONTENT], ids=len)
async def test_a_text_of_the_longest_length_is_sent(content: str) -> None:
    script = Script({MSG_SEC_CHECK: [advice()]})

    assert (await check(script, content)).suggest is Suggestion.PASS


async def test_a_lone_surrogate_is_not_sent() -> None:
    script = Script({MSG_SEC_CHECK: [advice()]})

    with pytest.raises(errors.CallerBug):
        await check(script, "\ud800")

    assert script.count(MSG_SEC_CHECK) == 0
