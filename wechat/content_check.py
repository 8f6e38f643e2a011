"""WeChat's check of what users write.

Follows "msgSecCheck", version 2, of WeChat's documentation.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from wechat.apps import App
from wechat.business import BusinessApi
from wechat.errors import CallerBug, Unreadable

MSG_SEC_CHECK = "/wxa/msg_sec_check"
LONGEST_CONTENT = 2500
"""Characters of one check."""


class Scene(IntEnum):
    """Where the text will be seen."""

    PROFILE = 1
    COMMENT = 2
    FORUM = 3
    SOCIAL_LOG = 4


class Suggestion(StrEnum):
    """What WeChat advises."""

    PASS = "pass"  # noqa: S105  (WeChat's word, no password)
    REVIEW = "review"
    RISKY = "risky"


@dataclass(frozen=True)
class Verdict:
    """WeChat's advice, by which alone to decide, and the kind of content: 100 normal, 20001 politics, and so on."""

    suggest: Suggestion
    label: int


class ContentCheck:
    """The content calls of every app."""

    def __init__(self, business: BusinessApi) -> None:
        self._business = business

    async def msg_sec_check(
        self,
        app: App,
        openid: str,
        content: str,
        scene: Scene,
        *,
        nickname: str | None = None,
        title: str | None = None,
    ) -> Verdict:
        """What WeChat thinks of a text of 1 to 2500 characters, which goes out in real UTF-8.

        Raises UserNotSeen where the user was not in the mini program within 2 hours, CallerBug for a text of another
        length, RateLimited and other WeChatErrors; Unreadable also for advice that is none of the three.
        """
        if not 1 <= len(content) <= LONGEST_CONTENT:
            raise CallerBug(MSG_SEC_CHECK, f"content must have 1 to {LONGEST_CONTENT} characters")
        body: dict[str, object] = {"version": 2, "openid": openid, "scene": int(scene), "content": content}
        notes = {"nickname": nickname, "title": title}
        body |= {name: text for name, text in notes.items() if text is not None}
        return _verdict(await self._business.post(app, MSG_SEC_CHECK, body))


def _verdict(answer: dict[str, Any]) -> Verdict:
    result = answer.get("result")
    suggest, label = (result.get("suggest"), result.get("label")) if isinstance(result, dict) else (None, None)
    if suggest not in list(Suggestion):
        raise Unreadable(MSG_SEC_CHECK, "no usable result.suggest")
    if type(label) is not int:
        raise Unreadable(MSG_SEC_CHECK, "no usable result.label")
    return Verdict(Suggestion(suggest), label)
