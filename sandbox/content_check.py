"""The content check for texts, version 2: a short list of words stands for all that WeChat would object to.

https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/sec-check/api_msgseccheck.html
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sandbox.api_weixin import endpoint, posted, token_owner, user_of
from sandbox.endpoints import Call
from sandbox.errcodes import Errcode, WeChatRefusal
from sandbox.offline_wechat import OfflineWeChat

_LONGEST = 2500
_VERSION = 2
_PROFILE_SCENE = 1
_SCENES = range(1, 5)
_VISITED_WITHIN = 7200.0
_SURE = 90
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_LAST_ASCII = 0x7F


class Suggest(IntEnum):
    """What WeChat advises; the worst finding is the result."""

    PASS = 0
    REVIEW = 1
    RISKY = 2


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is found anywhere in a text, however its letters are written."""

    text: str
    suggest: Suggest
    label: int


WORDS = (
    Word("违禁", Suggest.RISKY, 20001),
    Word("risky", Suggest.RISKY, 20001),
    Word("复核", Suggest.REVIEW, 21000),
    Word("review", Suggest.REVIEW, 21000),
)
_NOTHING = Word("", Suggest.PASS, 100)


def msg_sec_check(wechat: OfflineWeChat, call: Call) -> dict[str, Any]:
    """What WeChat thinks of a text. errcode 0 says that it was read, `result.suggest` what came of it."""
    appid = token_owner(wechat, call)
    if not wechat.content_checks.admit(appid):
        raise WeChatRefusal(Errcode.MINUTE_FREQUENCY)
    texts, openid = _read(posted(call))
    if not wechat.people.has_visited(user_of(wechat, appid, openid), _VISITED_WITHIN):
        raise WeChatRefusal(Errcode.NOT_VISITED)
    found = [] if _is_escaped(call.body) else list(_found(texts))
    worst = max((_NOTHING, *found), key=lambda word: word.suggest)
    return {
        "errcode": 0,
        "errmsg": "ok",
        "result": _finding(worst),
        "detail": [
            {"strategy": "content_model", "errcode": 0, **_finding(worst), "prob": _SURE},
            *({"strategy": "keyword", "errcode": 0, **_finding(word), "keyword": word.text} for word in found),
        ],
        "trace_id": wechat.mint.rid(wechat.clock.real()),
    }


def _read(body: Mapping[str, Any]) -> tuple[list[str], Any]:
    content, version, scene, openid = (body.get(name) for name in ("content", "version", "scene", "openid"))
    texts = [content, *(body.get(name, "") for name in ("title", "nickname"))]
    # A signature is one of a profile, and is not looked at elsewhere.
    texts += [body.get("signature", "")] if scene == _PROFILE_SCENE else []
    missing = not content or scene is None or openid is None
    # WeChat's table has no code of its own for a text that is too long or another version.
    if missing or version != _VERSION or not all(isinstance(text, str) for text in texts) or len(texts[0]) > _LONGEST:
        raise WeChatRefusal(Errcode.BODY_FORMAT)
    if not isinstance(scene, int) or isinstance(scene, bool) or scene not in _SCENES:
        raise WeChatRefusal(Errcode.INVALID_SCENE)
    return texts, openid


def _is_escaped(raw: bytes) -> bool:
    # WeChat's check reads the bytes of the request and not what they mean: a text of \uXXXX says nothing to it, and
    # it lets everything pass. JSON libraries that write ASCII by default have switched the check off.
    codes = (match.group(1) for match in _ESCAPE.finditer(raw))
    return any(code is not None and int(code, 16) > _LAST_ASCII for code in codes)


def _found(texts: Iterable[str]) -> Iterable[Word]:
    folded = "\n".join(texts).casefold()
    return (word for word in WORDS if word.text in folded)


def _finding(word: Word) -> dict[str, Any]:
    return {"suggest": word.suggest.name.lower(), "label": word.label}


CONTENT_CHECK = (endpoint("/wxa/msg_sec_check", msg_sec_check),)
