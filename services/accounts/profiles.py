"""Profiles: what a user says of themselves, in today's way and in the two earlier ones.

Nothing here is proven. Data that the phone encrypted without an openId is as much a claim as typed text, and what names
an openId only has to name the session's own.
"""

from collections.abc import Mapping
from typing import Any

from domain.accounts import Gender
from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.incidents import IncidentKind
from domain.problems import InputIssue, InvalidInput
from domain.profile import check_texts, is_https_address, said_by_the_phone
from models.accounts import User
from models.unit_of_work import UnitsOfWork
from services.accounts.avatars import Avatars
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.content_check import ContentCheck
from services.incidents import record
from services.phone_data import PhoneData

_NO_AVATAR = "must be https, or what you uploaded to /uploads/avatar"
_TEXTS = ("nickname", "country", "province", "city", "language")


class Profiles:
    """Changes the viewer's profile. A field that is absent stays, None clears it."""

    def __init__(
        self, units: UnitsOfWork, phone_data: PhoneData, content: ContentCheck, avatars: Avatars, clock: Clock
    ) -> None:
        self._units = units
        self._phone_data = phone_data
        self._content = content
        self._avatars = avatars
        self._clock = clock

    async def change(self, viewer: Viewer, fields: Mapping[str, Any]) -> User:
        """As typed or picked: fields by their name here.

        Raises InvalidInput with every issue, Refusal CONTENT_REJECTED, and WeChatProblem when the nickname cannot
        be checked.
        """
        return await self._change(viewer, fields, "fields.")

    async def change_signed(self, viewer: Viewer, raw_data: str, signature: str) -> User:
        """What the phone's rawData says, once its signature fits; raises as `change`, and SESSION_KEY_STALE."""
        data = await self._phone_data.signed_profile(viewer, raw_data, signature, "signed")
        return await self._change(viewer, said_by_the_phone(data), "signed.")

    async def change_encrypted(self, viewer: Viewer, encrypted_data: str, iv: str) -> User:
        """What the phone's encryptedData says, once it is opened; raises as `change_signed`."""
        data = await self._phone_data.encrypted_profile(viewer, encrypted_data, iv, "encrypted")
        return await self._change(viewer, said_by_the_phone(data), "encrypted.")

    async def _change(self, viewer: Viewer, fields: Mapping[str, Any], path: str) -> User:
        changes = await self._checked(viewer, fields, path)
        nickname = changes.get("nickname")
        needs_review = False
        if nickname is not None and nickname != viewer.user.nickname:
            needs_review = await self._content.require_clean(viewer, nickname)
        user = await self._units.run_again_if_raced(self._write, viewer, changes, needs_review, path)
        await self._avatars.sweep()
        return user

    async def _checked(self, viewer: Viewer, fields: Mapping[str, Any], path: str) -> dict[str, Any]:
        changes, issues = check_texts({name: fields[name] for name in _TEXTS if name in fields}, path)
        found: dict[str, Any] = dict(changes)
        if "gender" in fields:
            found["gender"] = fields["gender"] or Gender.UNKNOWN
        if "avatar_url" in fields:
            address = fields["avatar_url"]
            if address is not None and not await self._may_use(viewer, address):
                issues.append(InputIssue(f"{path}avatarUrl", _NO_AVATAR))
            found["avatar_url"] = address
        if issues:
            raise InvalidInput(issues)
        return found

    async def _may_use(self, viewer: Viewer, address: str) -> bool:
        if not self._avatars.is_ours(address):
            return is_https_address(address)
        return await self._units.read(self._avatars.is_claimed, viewer.user.id, address)

    async def _write(self, viewer: Viewer, changes: Mapping[str, Any], needs_review: bool, path: str) -> User:
        before = await hold_owner(viewer.identity.id)
        address = changes.get("avatar_url")
        if address and self._avatars.is_ours(address) and not await self._avatars.is_claimed(before.id, address):
            raise InvalidInput([InputIssue(f"{path}avatarUrl", _NO_AVATAR)])  # given up since it was looked at
        if changes:
            await User.filter(id=before.id).update(**changes)
        if needs_review:
            now = self._clock()
            await record(IncidentKind.CONTENT_REVIEW, before.id, now, reference=new_id(Prefix.INCIDENT, now))
        if changes.get("avatar_url", before.avatar_url) != before.avatar_url:
            await self._avatars.release(before.id, before.avatar_url)
        return await User.get(id=before.id)
