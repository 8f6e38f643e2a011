"""Moments as WeChat Pay writes and reads them: RFC 3339 in China's time."""

import re
from datetime import UTC, datetime, timedelta, timezone

_CHINA = timezone(timedelta(hours=8))
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)")


def written(seconds: float) -> str:
    """`yyyy-MM-DDTHH:mm:ss+08:00` of seconds since 1970."""
    return _in_china(seconds).isoformat(timespec="seconds")


def written_digits(seconds: float) -> str:
    """`yyyyMMDDHHmmss`, as in a prepay_id."""
    return _in_china(seconds).strftime("%Y%m%d%H%M%S")


def read_time(text: str) -> float:
    """Seconds since 1970. Raises ValueError for what is no RFC 3339 with an offset."""
    if not _RFC3339.fullmatch(text):
        raise ValueError("not a time in RFC 3339")
    return datetime.fromisoformat(text).timestamp()


def _in_china(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone(_CHINA)
