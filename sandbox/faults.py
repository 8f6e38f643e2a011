"""The faults that a test may order: what goes wrong on which path, and how often.

Written `kind`, `kind:number` or `code:NAME`. No effect takes place with `errcode:N`, `code:NAME`, `http:N` and
`reset`; with `delay:S`, `drip`, `garbage`, `reset-after`, `bad-signature` and `signtest` WeChat has done its work and
only the answer suffers. With `delay-before:S` WeChat does its work so many seconds late, whether anybody waits or not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.bodies import Refused, read_choice, read_integer, read_list, read_only, read_text
from sandbox.endpoints import Endpoint
from sandbox.pay.errors import ERROR_CODES

_LONGEST_DELAY = 600.0
_MOST_TIMES = 1_000_000
_HTTP_STATUSES = range(200, 600)
_WRITTEN = re.compile(
    r"(errcode):(-?[0-9]{1,9})|(http):([0-9]{3})|(delay|delay-before):([0-9]{1,4}(?:\.[0-9]{1,6})?)|(code):([A-Z_]{1,40})|([a-z-]+)"
)


class FaultKind(StrEnum):
    """What can go wrong."""

    ERRCODE = "errcode"
    CODE = "code"
    HTTP = "http"
    DELAY = "delay"
    DELAY_BEFORE = "delay-before"
    DRIP = "drip"
    RESET = "reset"
    RESET_AFTER = "reset-after"
    GARBAGE = "garbage"
    BAD_SIGNATURE = "bad-signature"
    SIGNTEST = "signtest"


class NotificationMode(StrEnum):
    """How the sandbox's own calls to a merchant's notify_url behave.

    `early`: an order is paid as soon as it is created, and the notice overtakes the answer to the prepay.
    """

    NORMAL = "normal"
    DROP = "drop"
    DUPLICATE = "duplicate"
    EARLY = "early"
    SIGNTEST = "signtest"
    REORDERED = "reordered"


_DELAYS = {FaultKind.DELAY, FaultKind.DELAY_BEFORE}
_NUMBERED = {FaultKind.ERRCODE, FaultKind.HTTP, *_DELAYS}


@dataclass(slots=True)
class Fault:
    """One ordered fault. `number` is the errcode, the HTTP status or the seconds; `times` is what is left of it.

    `path` is a template, for every path of it, or one concrete path.
    """

    path: str
    kind: FaultKind
    number: float
    written: str
    times: int

    @property
    def code(self) -> str:
        """The NAME of `code:NAME`."""
        return self.written.partition(":")[2]

    def to_json(self) -> dict[str, Any]:
        """The form in which it was ordered."""
        return {"path": self.path, "fault": self.written, "times": self.times}


class FaultBoard:
    """The faults in force. Several for one path take effect one after the other, in the order given."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.notifications = NotificationMode.NORMAL

    def replace(self, body: Mapping[str, Any], endpoints: Mapping[str, Endpoint]) -> None:
        """Replace everything by what the body orders. Raises Refused, and changes nothing, when it cannot be."""
        read_only(body, ("faults", "notifications"))
        mode = read_choice(body, "notifications", NotificationMode, NotificationMode.NORMAL)
        entries = read_list(body, "faults")
        self._faults = [_read_fault(entry, index, endpoints) for index, entry in enumerate(entries)]
        self.notifications = mode

    def clear(self) -> None:
        """No faults, normal notifications."""
        self._faults = []
        self.notifications = NotificationMode.NORMAL

    def take(self, *paths: str) -> Fault | None:
        """The first fault for one of these, a call's template and its path; it is used up by one."""
        fault = next((each for each in self._faults if each.path in paths), None)
        if fault is not None:
            fault.times -= 1
            self._faults = [each for each in self._faults if each.times > 0]
        return fault

    def to_json(self) -> dict[str, Any]:
        """What is left, in the form in which it was ordered."""
        return {"faults": [each.to_json() for each in self._faults], "notifications": self.notifications.value}


def _read_fault(entry: Any, index: int, endpoints: Mapping[str, Endpoint]) -> Fault:
    where = f"faults[{index}]"
    if not isinstance(entry, dict):
        raise Refused(f"{where} is not an object")
    read_only(entry, ("path", "fault", "times"), where)
    path, written = read_text(entry, "path", where), read_text(entry, "fault", where)
    if path is None or written is None:
        raise Refused(f"{where} needs path and fault")
    endpoint = endpoints.get(path) or next((each for each in endpoints.values() if each.matches(path)), None)
    if endpoint is None:
        raise Refused(f"{where}.path is none of: {', '.join(endpoints)}")
    kind, number = _read_kind(written, where)
    if not _can_happen(kind, endpoint):
        raise Refused(f"{where}.fault cannot happen on this path")
    times = read_integer(entry, "times", range(1, _MOST_TIMES + 1), where)
    return Fault(path, kind, number, written, 1 if times is None else times)


def _can_happen(kind: FaultKind, endpoint: Endpoint) -> bool:
    match kind:
        case FaultKind.BAD_SIGNATURE | FaultKind.SIGNTEST:
            return endpoint.signs
        case FaultKind.ERRCODE:
            return endpoint.refuse is not None
        case FaultKind.CODE:
            return endpoint.refuse_code is not None
        case _:
            return True


def _read_kind(written: str, where: str) -> tuple[FaultKind, float]:
    match = _WRITTEN.fullmatch(written)
    parts = [part for part in match.groups() if part is not None] if match else []
    kind = parts[0] if parts else None
    if kind not in list(FaultKind) or (kind in {*_NUMBERED, FaultKind.CODE}) != (len(parts) > 1):
        raise Refused(f"{where}.fault is none of: {', '.join(written_kinds())}")
    if kind == FaultKind.CODE:
        return _read_code(parts[1], where), 0.0
    number = float(parts[1]) if len(parts) > 1 else 0.0
    if kind == FaultKind.HTTP and int(number) not in _HTTP_STATUSES:
        raise Refused(f"{where}.fault: an HTTP status is 200 to 599")
    if kind in _DELAYS and number > _LONGEST_DELAY:
        raise Refused(f"{where}.fault: a delay is at most {_LONGEST_DELAY:.0f} seconds")
    return FaultKind(parts[0]), number


def _read_code(name: str, where: str) -> FaultKind:
    if name not in ERROR_CODES:
        raise Refused(f"{where}.fault: the code is none of: {', '.join(ERROR_CODES)}")
    return FaultKind.CODE


def written_kinds() -> list[str]:
    """Every kind of fault in the form in which it is ordered."""
    written = {FaultKind.CODE: "code:NAME", **{kind: f"{kind}:N" for kind in _NUMBERED}}
    return [written.get(kind, kind.value) for kind in FaultKind]
