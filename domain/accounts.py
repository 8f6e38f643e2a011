"""Words about people."""

from enum import IntEnum


class Gender(IntEnum):
    """As WeChat numbers it."""

    UNKNOWN = 0
    MALE = 1
    FEMALE = 2
