"""The kinds of things that an operator has to look at."""

from enum import StrEnum


class IncidentKind(StrEnum):
    """What happened."""

    UNIONID_CHANGED = "unionid_changed"
    CONTENT_REVIEW = "content_review"
    PHONE_FREED_BY_JOIN = "phone_freed_by_join"
