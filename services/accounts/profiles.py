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
from domain.profile import check_texts, said_by_the_phone
from models.accounts import User
from models.unit_of_work import UnitsOfWork
from services.accounts.avatars import Avatars
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.content_check import ContentCheck
from services.incidents import record
from services.media.addresses import OwnPictures
from services.phone_data import PhoneData

_NO_AVATAR = "must be https, or what you uploaded to /uploads/avatar"
_TEXTS = ("nickname", "country", "province", "city", "language")


class Profiles:
    """Changes the viewer's profile. A field that is absent stays, None clears it."""

    def __init__(
        self,
        units: UnitsOfWork,
        phone_data: PhoneData,
        content: ContentCheck,
        avatars: Avatars,
        pictures: OwnPictures,
        clock: Clock,
    ) -> None:
        self._units = units
        self._phone_data = phone_data
        self._content = content
        self._avatars = avatars
        self._pictures = pictures
        self._clock = clock

    async def change(self, viewer: Viewer, fields: Mapping[str, Any]) -> User:
        """As typed or picked: fields by their name here.

        Raises InvalidInput with every issue, Refusal CONTENT_REJECTED, WeChatProblem when the nickname cannot be
        checked, and RateLimited beyond the checks that a user has in an hour.
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
        await self._avatars.tidy(user.id)
        return user

    async def _checked(self, viewer: Viewer, fields: Mapping[str, Any], path: str) -> dict[str, Any]:
        changes, issues = check_texts({name: fields[name] for name in _TEXTS if name in fields}, path)
        found: dict[str, Any] = dict(changes)
        if "gender" in fields:
            found["gender"] = fields["gender"] or Gender.UNKNOWN
        if "avatar_url" in fields:
            given = fields["avatar_url"]
            found["avatar_url"] = None if given is None else await self._kept(viewer, given)
            if given is not None and found["avatar_url"] is None:
                issues.append(InputIssue(f"{path}avatarUrl", _NO_AVATAR))
        if issues:
            raise InvalidInput(issues)
        return found

    async def _kept(self, viewer: Viewer, address: str) -> str | None:
        kept = self._pictures.kept(address)
        if kept is None or not await self._units.read(self._avatars.may_show, viewer.user.id, kept):
            return None
        return kept

    async def _write(self, viewer: Viewer, changes: Mapping[str, Any], needs_review: bool, path: str) -> User:
        before = await hold_owner(viewer.identity.id)
        address = changes.get("avatar_url")
        if address and not await self._avatars.may_show(before.id, address):
            raise InvalidInput([InputIssue(f"{path}avatarUrl", _NO_AVATAR)])  # given up since it was looked at
        if changes:
            await User.filter(id=before.id).update(**changes)
        if needs_review:
            now = self._clock()
            await record(IncidentKind.CONTENT_REVIEW, before.id, now, reference=new_id(Prefix.INCIDENT, now))
        if "avatar_url" in changes:
            await self._avatars.release(before.id, before.avatar_url, keeping=address)
        return await User.get(id=before.id)
