"""A circuit breaker: while WeChat gives no usable answers, calls fail here at once and one probe at a time asks.

A call has failed where no whole answer came, or one with an HTTP status from 500 up. Every other answer shows WeChat
alive, refusals and errcode -1 too. A call that says nothing counts as neither: limited, turned away here, cancelled.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from wechat.errors import BrokenOff, CircuitOpen, Crowded, RateLimited, TimedOut, Unavailable, Unreachable, WeChatError

FAILURES_IN_A_ROW = 5
LAST_CALLS = 20
PROBE_SECONDS = 10.0
_TOO_MANY, _SERVER_ERROR = 429, 500
_NO_WHOLE_ANSWER = (Unreachable, TimedOut, BrokenOff)

_log = logging.getLogger(__name__)


class State(StrEnum):
    """What a breaker is: half-open while a probe is under way."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """One for all calls to the upstream `name`; opens at 5 failures in a row, or at 10 among the last 20 calls.

    `probe_seconds` lie between opening and the first probe, and between the beginnings of two probes; `monotonic` is
    in seconds.
    """

    def __init__(
        self, name: str, *, probe_seconds: float = PROBE_SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._probe_seconds = probe_seconds
        self._monotonic = monotonic
        self._state = State.CLOSED
        self._last: deque[bool] = deque(maxlen=LAST_CALLS)
        self._in_a_row = 0
        self._opened_at = self._probe_at = 0.0
        # Counts the changes of state: what a call brings that began before the last one is no news.
        self._era = 0

    @property
    def state(self) -> State:
        """For metrics, and for who thinks about sending something twice."""
        return self._state

    def refuse_if_open(self, path: str) -> None:
        """Raises CircuitOpen, unless a call may go out or a probe is due; for use before waiting for a place."""
        if self._state is State.HALF_OPEN or (self._state is State.OPEN and self._monotonic() < self._probe_at):
            raise CircuitOpen(path)

    @contextmanager
    def watch(self, path: str) -> Iterator[None]:
        """Around one call, retries included: what it raises, or nothing, is weighed. Raises CircuitOpen."""
        self.refuse_if_open(path)
        if self._state is State.OPEN:
            self._enter(State.HALF_OPEN)
            self._probe_at = self._monotonic() + self._probe_seconds
        era = self._era
        failed: bool | None = None
        try:
            yield
            failed = False
        except WeChatError as error:
            failed = is_failure(error)
            raise
        finally:
            # Also where the caller left: a probe that nobody waits for any more must make room for the next.
            if era == self._era:
                self._weigh(failed)

    def _weigh(self, failed: bool | None) -> None:
        if self._state is State.HALF_OPEN:
            if failed is False:
                self._close()
            else:
                self._enter(State.OPEN)
        elif failed is not None:
            self._last.append(failed)
            self._in_a_row = self._in_a_row + 1 if failed else 0
            if self._in_a_row >= FAILURES_IN_A_ROW or sum(self._last) * 2 >= LAST_CALLS:
                self._open()

    def _open(self) -> None:
        self._enter(State.OPEN)
        self._opened_at = self._monotonic()
        self._probe_at = self._opened_at + self._probe_seconds
        counts = (self._in_a_row, sum(self._last), len(self._last))
        _log.warning("%s: circuit open, %d failures in a row and %d among the last %d calls", self._name, *counts)

    def _close(self) -> None:
        self._enter(State.CLOSED)
        self._last.clear()
        self._in_a_row = 0
        _log.info("%s: circuit closed after %.1f s", self._name, self._monotonic() - self._opened_at)

    def _enter(self, state: State) -> None:
        self._state = state
        self._era += 1


def is_failure(error: WeChatError) -> bool | None:
    """Whether the error means that WeChat gave no usable answer; None where it says nothing about WeChat."""
    if isinstance(error, RateLimited | CircuitOpen | Crowded) or error.status == _TOO_MANY:
        return None
    if isinstance(error, _NO_WHOLE_ANSWER) or type(error) is Unavailable:
        return True
    return error.status is not None and error.status >= _SERVER_ERROR
