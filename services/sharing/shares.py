"""Making shares: a card is checked once, kept once, and a user makes so many an hour."""

import math
from dataclasses import dataclass

from domain import sharing
from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.incidents import IncidentKind
from domain.problems import InputIssue, InvalidInput, RateLimited
from domain.profile import is_https_address
from domain.text import clean_text
from models.sharing import Share
from models.unit_of_work import UnitsOfWork
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.content_check import ContentCheck
from services.incidents import record
from services.media.addresses import OwnPictures
from services.sharing.views import ShareView, ShareViews
from wechat.content_check import Scene

_NO_IMAGE = "must be an https address of at most 1024 characters, or of a picture of this server"


@dataclass(frozen=True)
class _Card:
    """What a user wants to share, clean."""

    appid: str
    page: str
    title: str
    image_url: str | None

    @property
    def content_hash(self) -> str:
        return sharing.content_hash(self.appid, self.page, self.title)


class Shares:
    """Makes shares and finds them; raises Unavailable when the database does not answer."""

    def __init__(
        self, units: UnitsOfWork, views: ShareViews, content: ContentCheck, pictures: OwnPictures, clock: Clock
    ) -> None:
        self._units = units
        self._views = views
        self._content = content
        self._pictures = pictures
        self._clock = clock

    async def by_code(self, code: str, viewer: Viewer | None) -> ShareView | None:
        """The share of a code as the viewer sees it; None for an unknown one."""
        if not sharing.is_code(code):
            return None
        return await self._views.by_code(code, viewer.user.id if viewer else None)

    async def by_id(self, share_id: str, viewer: Viewer | None) -> ShareView | None:
        """As `by_code`, by the public id, which has no other characters than a code."""
        if not sharing.is_code(share_id):
            return None
        return await self._views.by_id(share_id, viewer.user.id if viewer else None)

    async def create(self, viewer: Viewer, page: str, title: str, image_url: str | None) -> ShareView:
        """The viewer's share of this card, a new one only where there was none.

        Raises InvalidInput with every issue, Refusal CONTENT_REJECTED, WeChatProblem when the title cannot be checked,
        RateLimited beyond the new ones that a user may make in an hour, and the checks that a user has.
        """
        card = self._checked(viewer.identity.appid, page, title, image_url)
        share = await self._units.read(self._known, viewer.user.id, card)
        if share is None:
            needs_review = await self._content.require_clean(viewer, card.title, Scene.SOCIAL_LOG)
            share = await self._units.run_again_if_raced(self._write, viewer, card, needs_review)
        elif share.image_url != card.image_url:
            await self._units.run(_show_with, share, card.image_url)
        return await self._views.of(share, share.user_id)

    def _checked(self, appid: str, page: str, title: str, image_url: str | None) -> _Card:
        """Raises InvalidInput with every issue."""
        issues = sharing.page_issues("page", page)
        cleaned = clean_text("title", title, longest=sharing.LONGEST_TITLE)
        if isinstance(cleaned, InputIssue):
            issues.append(cleaned)
        kept = None if image_url is None else self._pictures.kept(image_url) or image_url
        if kept is not None and self._pictures.key_of(kept) is None and not is_https_address(kept):
            issues.append(InputIssue("imageUrl", _NO_IMAGE))
        if issues or isinstance(cleaned, InputIssue):
            raise InvalidInput(issues)
        return _Card(appid, page, cleaned, kept)

    async def _write(self, viewer: Viewer, card: _Card, needs_review: bool) -> Share:
        user = await hold_owner(viewer.identity.id)
        if (known := await self._known(user.id, card)) is not None:
            return known
        now = self._clock()
        share = await Share.create(
            id=new_id(Prefix.SHARE, now),
            user=user,
            appid=card.appid,
            code=sharing.new_code(),
            page=card.page,
            title=card.title,
            image_url=card.image_url,
            content_hash=card.content_hash,
            created_at=now,
        )
        if needs_review:
            await record(IncidentKind.CONTENT_REVIEW, share.id, now)
        return share

    async def _known(self, user_id: str, card: _Card) -> Share | None:
        """The share that there is; raises RateLimited where there is none and may be none."""
        known = await Share.filter(user_id=user_id, content_hash=card.content_hash).select_related("user").first()
        if known is not None:
            return known
        now = self._clock()
        recent = Share.filter(user_id=user_id, created_at__gt=now - sharing.HOUR).order_by("-created_at")
        oldest = await recent.offset(sharing.MOST_NEW_PER_HOUR - 1).first()
        if oldest is not None:
            seconds = math.ceil((oldest.created_at + sharing.HOUR - now).total_seconds())
            raise RateLimited(f"A user makes at most {sharing.MOST_NEW_PER_HOUR} new shares an hour.", seconds)
        return None


async def _show_with(share: Share, image_url: str | None) -> None:
    """The same card with another picture is the same share; one that a deletion emptied meanwhile stays empty."""
    await Share.filter(id=share.id, content_hash=share.content_hash).update(image_url=image_url)
    share.image_url = image_url
