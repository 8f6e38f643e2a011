"""WeChat Pay as calls: exact bytes out, signed; a verified answer in, or a named error; one log line each."""

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from wechat.admission import admitted
from wechat.api import level_of
from wechat.breaker import Breaker
from wechat.bulkhead import Bulkhead
from wechat.errors import Unreadable, WeChatError
from wechat.http import Answer
from wechat.pay.codes import code_of, error_for
from wechat.pay.sending import Call, Sender
from wechat.strict_json import parse_object

T = TypeVar("T")

PRODUCTION_URL = "https://api.mch.weixin.qq.com"
BACKUP_URL = "https://api2.mch.weixin.qq.com"
_RID = re.compile(r"[0-9A-Za-z_-]{1,128}", re.ASCII)
_SUCCESS = range(200, 300)
_OK, _ACCEPTED, _NO_CONTENT = 200, 202, 204

_log = logging.getLogger(__name__)


@dataclass
class _Note:
    rid: str | None = None


class Wire:
    """WeChat Pay as `sender` reaches it, past `breaker` and a bulkhead.

    At most 20 calls are under way at once; the time in the queue for one does not count as its own.
    """

    def __init__(self, sender: Sender, breaker: Breaker, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._breaker = breaker
        self._sender = sender
        self._monotonic = monotonic
        self._bulkhead = Bulkhead()

    async def call(self, call: Call, verify: Callable[[Answer], None], read: Callable[[Answer], T]) -> T:
        """What `read` makes of the verified answer.

        `verify` raises Unverified and is asked for each 2xx; the others carry no signature. Raises an Unavailable
        where the outcome is unknown, a PayRefused where it is a refusal.
        """
        with self._noted(call.path) as note:
            async with admitted(self._breaker, self._bulkhead, call.path):
                answer = await self._sender.exchange(call)
                note.rid = rid_of(answer)
                check(call.path, answer, verify)
                return read(answer)

    @contextmanager
    def _noted(self, path: str) -> Iterator[_Note]:
        started = self._monotonic()
        note = _Note()
        outcome, level, code = "unfinished", logging.WARNING, None
        try:
            yield note
            outcome, level = "answered", logging.DEBUG
        except WeChatError as error:
            outcome, level, code = type(error).__name__, level_of(error), error.code
            raise
        finally:
            milliseconds = round((self._monotonic() - started) * 1000)
            _log.log(level, "WeChat Pay %s %s code=%s rid=%s ms=%d", path, outcome, code, note.rid, milliseconds)


def check(path: str, answer: Answer, verify: Callable[[Answer], None]) -> None:
    """Return where the answer is a success; raises Unverified by `verify`, or the error that it is.

    An error may come with 2xx, as an object with a `code`; it is verified all the same.
    """
    if answer.status in _SUCCESS:
        verify(answer)
    content = parse_object(answer.body)
    is_envelope = content is not None and isinstance(content.get("code"), str) and content["code"] != ""
    if answer.status not in _SUCCESS or answer.status == _ACCEPTED or is_envelope:
        raise error_for(path, answer.status, code_of(content), rid_of(answer))


def content_of(path: str, answer: Answer) -> dict[str, Any]:
    """The JSON object of a success; raises Unreadable."""
    content = parse_object(answer.body) if answer.status == _OK else None
    if content is None:
        raise Unreadable(path, "no JSON object", status=answer.status, rid=rid_of(answer))
    return content


def expect_nothing(path: str, answer: Answer) -> None:
    """Return where a success says nothing more; raises Unreadable for one that is not documented."""
    if answer.status not in (_OK, _NO_CONTENT):
        raise Unreadable(path, status=answer.status, rid=rid_of(answer))


def rid_of(answer: Answer) -> str | None:
    """WeChat's id of the request, where it has the form of one."""
    rid = answer.headers.get("request-id", "")
    return rid if _RID.fullmatch(rid) else None
