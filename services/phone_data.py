"""Data from the phone, checked or opened with the session_keys of the viewer's own identity.

A stale session_key is the most reported trouble of the field: the last two keys are tried, the one that fits becomes
the current one, and when none does the client is told how to get out of it.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, TypeVar

from domain.clock import Clock
from domain.problems import InputIssue, InvalidInput, ProblemCode, WeChatProblem
from models.encryption import Cipher
from models.unit_of_work import UnitsOfWork
from services.accounts.session_keys import SessionKeys
from services.accounts.sessions import Viewer
from wechat.phone import PhoneNumber, read_phone_number
from wechat.user_data import check_raw_data, check_watermark, open_encrypted, with_fitting_key
from wechat.user_data_errors import KeyDoesNotFit, Malformed, UserDataError
from wechat.user_data_fields import read_profile

T = TypeVar("T")

_STALE = (
    "The data does not fit the session key kept here. Call wx.login, send the new code to `login`, "
    "then ask the phone for the data again."
)

logger = logging.getLogger(__name__)


class PhoneData:
    """Reads what the phone gave. `wire_clock` is real time, by which watermarks age; `max_age` bounds it.

    Every method raises InvalidInput for data that is malformed, too old, or of another user or mini program, and
    WeChatProblem SESSION_KEY_STALE when none of the kept keys fits; which step failed is for the log alone. `field`
    is the input's path in issues.
    """

    def __init__(self, units: UnitsOfWork, cipher: Cipher, wire_clock: Clock, max_age: timedelta) -> None:
        self._units = units
        self._keys = SessionKeys(cipher)
        self._now = wire_clock
        self._max_age = max_age.total_seconds()

    async def signed_profile(self, viewer: Viewer, raw_data: str, signature: str, field: str) -> dict[str, Any]:
        """The profile in `rawData`, by field name here; a claim of the user's."""

        def read(session_key: str) -> dict[str, Any]:
            return _profile(viewer, check_raw_data(raw_data, signature, session_key))

        return await self._read(viewer, field, read)

    async def encrypted_profile(self, viewer: Viewer, encrypted_data: str, iv: str, field: str) -> dict[str, Any]:
        """The profile in `encryptedData`, by field name here; a claim of the user's even so."""

        def read(session_key: str) -> dict[str, Any]:
            return _profile(viewer, self._open(viewer, encrypted_data, iv, session_key))

        return await self._read(viewer, field, read)

    async def phone_number(self, viewer: Viewer, encrypted_data: str, iv: str, field: str) -> PhoneNumber:
        """The number in the older form of the phone button's data."""

        def read(session_key: str) -> PhoneNumber:
            return read_phone_number(self._open(viewer, encrypted_data, iv, session_key), sealed=True)

        return await self._read(viewer, field, read)

    async def open(self, viewer: Viewer, encrypted_data: str, iv: str, field: str) -> dict[str, Any]:
        """Whatever object is in the data, of this mini program and of this time."""
        return await self._read(viewer, field, lambda key: self._open(viewer, encrypted_data, iv, key))

    def _open(self, viewer: Viewer, encrypted_data: str, iv: str, session_key: str) -> dict[str, Any]:
        content = open_encrypted(encrypted_data, iv, session_key)
        check_watermark(content, appid=viewer.identity.appid, now=self._now(), max_age=self._max_age)
        return content

    async def _read(self, viewer: Viewer, field: str, read: Callable[[str], T]) -> T:
        kept = dict(self._keys.candidates(viewer.identity))
        try:
            opened = with_fitting_key(kept, read)
        except UserDataError as error:
            logger.info(
                "data from the phone refused",
                extra={"field": field, "reason": type(error).__name__, "detail": error.detail},
            )
            raise _refused(error, field) from None
        if kept[opened.session_key] != viewer.identity.session_key:
            await self._units.run(self._keys.prefer, viewer.identity, kept[opened.session_key])
        return opened.content


def _refused(error: UserDataError, field: str) -> InvalidInput | WeChatProblem:
    if isinstance(error, KeyDoesNotFit):
        return WeChatProblem(ProblemCode.SESSION_KEY_STALE, _STALE)
    if isinstance(error, Malformed):
        return InvalidInput([InputIssue(field, "is not what the phone gave: send it unchanged")])
    return InvalidInput([InputIssue(field, "is not fresh data of this user in this mini program")])


def _profile(viewer: Viewer, content: Mapping[str, Any]) -> dict[str, Any]:
    return asdict(read_profile(content, openid=viewer.identity.openid))
