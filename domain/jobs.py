"""Work that comes round by itself, and how often."""

from datetime import UTC, datetime, time, timedelta, timezone
from enum import StrEnum

CHINA = timezone(timedelta(hours=8))
_BILL_IS_READY = time(10, 5, tzinfo=CHINA)


class JobName(StrEnum):
    """What comes round."""

    SESSIONS = "sessions"
    """Sessions that are over are deleted."""
    MEDIA = "media"
    """Pictures that nobody uses are removed."""
    STRAYS = "strays"
    """Open orders and refunds that are due at no time are due now: a net below the others."""
    STORIES = "stories"
    """Old lines of the stories of orders are deleted."""
    PRIVACY = "privacy"
    """What was written about somebody while the account was being deleted is stripped too."""
    RECONCILE = "reconcile"
    """WeChat's bill of yesterday, and of days that were missed, is compared with the ledger."""


_EVERY = {
    JobName.SESSIONS: timedelta(hours=1),
    JobName.MEDIA: timedelta(hours=1),
    JobName.STRAYS: timedelta(minutes=10),
    JobName.STORIES: timedelta(hours=1),
    JobName.PRIVACY: timedelta(hours=1),
}


def next_run(name: JobName, now: datetime) -> datetime:
    """When the job is due after a run at `now`; the reconciliation every day after ten in China."""
    if name is not JobName.RECONCILE:
        return now + _EVERY[name]
    today = datetime.combine(now.astimezone(CHINA).date(), _BILL_IS_READY)
    # In UTC: SQLite compares moments as texts.
    return (today if today > now else today + timedelta(days=1)).astimezone(UTC)
