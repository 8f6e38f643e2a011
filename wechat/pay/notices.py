"""A notice of WeChat Pay: believed where WeChat signed it just now, opened with the APIv3 key, and read.

Follows "Payment notice" and "Refund notice" of WeChat Pay's documentation. Opening proves nothing without the
signature: the APIv3 key is known on both sides, and what was once sealed can be sent again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.clock import Clock
from wechat.answers import optional_text, required_text
from wechat.errors import Unreadable
from wechat.pay.errors import (
    NOTICE,
    NoticeForged,
    NoticeHeadersMissing,
    NoticeIsXml,
    NoticeStale,
    NoticeUndecipherable,
    NoticeUnreadable,
    UnknownSerial,
)
from wechat.pay.key_ring import KeyRing
from wechat.pay.results import RefundAnswer, Transaction, read_refund, read_time, read_transaction
from wechat.pay.sealed import NoKeyOpens, NotSealed, open_sealed
from wechat.pay.verification import read_signature
from wechat.strict_json import parse_object

_LONGEST = 128
_LONGEST_ID = 64
_LONGEST_EVENT_TYPE = 32
_BLANK = b" \t\r\n\xef\xbb\xbf"


@dataclass(frozen=True)
class Notice:
    """A notice that WeChat signed. `id` is the same in each repetition; `content` is None for an unknown type.

    `plaintext` is what was sealed in it, to be kept as a proof.
    """

    id: str
    event_type: str
    original_type: str | None
    content: Transaction | RefundAnswer | None = field(repr=False)
    plaintext: str = field(default="", repr=False)
    summary: str | None = field(default=None, repr=False)
    created: datetime | None = None


class NoticeReader:
    """Opens notices with the keys of the ring. `apiv3_keys` are each tried."""

    def __init__(self, key_ring: KeyRing, apiv3_keys: tuple[str, ...], wire_clock: Clock) -> None:
        self._key_ring = key_ring
        self._apiv3_keys = apiv3_keys
        self._wire_clock = wire_clock

    def open(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """The notice in `body`, which is as it came. Raises one of the NoticeRefused, whatever is in it."""
        self._verify(headers, body)
        content = parse_object(body)
        if content is None:
            raise NoticeUnreadable("no JSON object")
        failure: Unreadable
        try:
            return self._read(content)
        except Unreadable as error:
            failure = error
        raise NoticeUnreadable(failure.detail)

    def _verify(self, headers: Mapping[str, str], body: bytes) -> None:
        if body.lstrip(_BLANK).startswith(b"<"):
            raise NoticeIsXml
        signature = read_signature(headers)
        if signature is None:
            raise NoticeHeadersMissing
        if signature.is_stale(self._wire_clock()):
            raise NoticeStale
        key = self._key_ring.lookup(signature.serial)
        if key is None:
            raise UnknownSerial
        if not signature.fits(key, body):
            raise NoticeForged

    def _read(self, content: dict[str, Any]) -> Notice:
        resource = content.get("resource")
        if not isinstance(resource, dict):
            raise Unreadable(NOTICE, "no resource")
        event_type = required_text(NOTICE, content, "event_type", longest=_LONGEST_EVENT_TYPE)
        original_type = optional_text(NOTICE, resource, "original_type", longest=_LONGEST)
        opened = self._opened(resource)
        return Notice(
            id=required_text(NOTICE, content, "id", longest=_LONGEST_ID),
            event_type=event_type,
            original_type=original_type,
            content=_typed(original_type or event_type.partition(".")[0].lower(), opened),
            plaintext=opened.decode(errors="replace"),
            summary=_summary(content.get("summary")),
            created=read_time(content.get("create_time")),
        )

    def _opened(self, resource: Mapping[str, Any]) -> bytes:
        try:
            return open_sealed(resource, self._apiv3_keys)
        except NotSealed as error:
            failure: NoticeUnreadable | NoticeUndecipherable = NoticeUnreadable(f"no usable {error}")
        except NoKeyOpens:
            failure = NoticeUndecipherable()
        raise failure


def _typed(kind: str, plaintext: bytes) -> Transaction | RefundAnswer | None:
    if kind not in ("transaction", "refund"):
        return None
    content = parse_object(plaintext)
    if content is None:
        raise Unreadable(NOTICE, "no JSON object inside")
    if kind == "transaction":
        return read_transaction(NOTICE, content)
    return read_refund(NOTICE, content, status="refund_status")


def _summary(text: object) -> str | None:
    """Words for people; what is odd about them must not stop the money."""
    return text if isinstance(text, str) and len(text) <= _LONGEST and text.isprintable() else None
