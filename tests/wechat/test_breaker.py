"""The circuit breaker by an injected clock: when it opens, what it lets through, and what it listens to."""

import asyncio
import contextlib
import itertools
import logging
import time
from contextlib import AbstractContextManager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wechat.scripted import Ticks
from wechat import errors
from wechat.breaker import Breaker, State, is_failure
from wechat.errcodes import error_for
from wechat.pay import errors as pay_errors
from wechat.pay.codes import error_for as pay_error_for

PATH = "/some/path"
FAILURE = errors.TimedOut(PATH)


def broken(ticks: Ticks) -> Breaker:
    """A breaker that opened at this moment."""
    breaker = Breaker("WeChat", monotonic=ticks)
    play(breaker, "FFFFF")
    assert state_of(breaker) is State.OPEN
    return breaker


def state_of(breaker: Breaker) -> State:
    """By a function, since the type checker takes what it saw once for ever after."""
    return breaker.state


def call(breaker: Breaker, error: errors.WeChatError | None = None) -> errors.WeChatError | None:
    """What one call raises, which ends with `error`."""
    try:
        with breaker.watch(PATH):
            if error is not None:
                raise error
    except errors.WeChatError as raised:
        return raised
    return None


def play(breaker: Breaker, calls: str) -> State:
    """Calls in order: F fails, s succeeds, n says nothing."""
    for letter in calls:
        call(breaker, {"F": FAILURE, "s": None, "n": errors.RateLimited(PATH)}[letter])
    return breaker.state


@pytest.mark.parametrize(
    ("calls", "state"),
    [
        ("FFFF", State.CLOSED),
        ("FFFFF", State.OPEN),
        ("FFFFsFFFF", State.CLOSED),
        ("FFFFnF", State.OPEN),
        ("Fs" * 9 + "s", State.CLOSED),
        ("Fs" * 9 + "F", State.OPEN),
        ("FFFFs" * 2 + "F", State.CLOSED),
        ("FFFFs" * 2 + "FF", State.OPEN),
        ("Fs" * 9 + "s" * 20 + "Fs" * 9, State.CLOSED),
        ("Fs" * 9 + "ss" + "F", State.CLOSED),
        ("Fs" * 9 + "n" * 20 + "F", State.OPEN),
        ("Fss" * 40, State.CLOSED),
    ],
)
def test_it_opens_at_five_failures_in_a_row_or_at_ten_among_the_last_twenty(calls: str, state: State) -> None:
    assert play(Breaker("WeChat", monotonic=Ticks()), calls) is state


def test_while_open_a_call_ends_at_once_and_nothing_is_sent() -> None:
    breaker = broken(Ticks())
    times = []
    for _ in range(20):
        started = time.perf_counter()
        with pytest.raises(errors.CircuitOpen) as raised, breaker.watch(PATH):
            pytest.fail("it was let through")
        times.append(time.perf_counter() - started)
        with pytest.raises(errors.CircuitOpen):
            breaker.refuse_if_open(PATH)

    assert min(times) < 0.001
    assert str(raised.value) == f"WeChat {PATH}: not asked, since it does not answer at present"
    assert state_of(breaker) is State.OPEN


def test_one_probe_every_ten_seconds_from_its_beginning() -> None:
    ticks = Ticks()
    breaker = broken(ticks)

    ticks.now += 9.99
    assert type(call(breaker)) is errors.CircuitOpen

    # Given a probe that takes two and a half seconds
    ticks.now += 0.01
    breaker.refuse_if_open(PATH)
    probe = breaker.watch(PATH)
    probe.__enter__()
    assert state_of(breaker) is State.HALF_OPEN
    assert type(call(breaker)) is errors.CircuitOpen
    ticks.now += 2.5
    leave(probe, FAILURE)
    assert state_of(breaker) is State.OPEN

    # Then the next one is due ten seconds after it began
    ticks.now += 7.49
    assert type(call(breaker)) is errors.CircuitOpen
    ticks.now += 0.02
    assert call(breaker) is None
    assert state_of(breaker) == "closed"


def test_a_closed_breaker_has_forgotten_what_opened_it() -> None:
    ticks = Ticks()
    breaker = broken(ticks)
    ticks.now += 10

    assert play(breaker, "s" + "FFFF") is State.CLOSED
    assert play(breaker, "F") is State.OPEN


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, State.CLOSED),
        (pay_errors.OrderNotFound(PATH, status=404), State.CLOSED),
        (errors.LoginCodeInvalid(PATH, errcode=40029), State.CLOSED),
        (errors.Busy(PATH, errcode=-1), State.CLOSED),
        (errors.Busy(PATH, status=503), State.OPEN),
        (errors.RateLimited(PATH, status=429), State.OPEN),
        (errors.Crowded(PATH), State.OPEN),
        (errors.Unreachable(PATH), State.OPEN),
    ],
    ids=range(8),
)
def test_a_probe_closes_it_by_any_answer_that_shows_wechat_alive(
    error: errors.WeChatError | None, state: State
) -> None:
    ticks = Ticks()
    breaker = broken(ticks)
    ticks.now += 10

    call(breaker, error)

    assert state_of(breaker) is state
    assert (call(breaker) is None) is (state is State.CLOSED)


@pytest.mark.anyio
async def test_a_probe_whose_caller_leaves_makes_room_for_the_next() -> None:
    ticks = Ticks()
    breaker = broken(ticks)
    ticks.now += 10

    async def probe() -> None:
        with breaker.watch(PATH):
            await asyncio.sleep(60)

    leaving = asyncio.create_task(probe())
    await asyncio.sleep(0)
    assert state_of(breaker) is State.HALF_OPEN
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)

    assert state_of(breaker) == "open"
    assert type(call(breaker)) is errors.CircuitOpen
    ticks.now += 10
    assert call(breaker) is None
    assert state_of(breaker) is State.CLOSED


def test_a_fault_of_this_server_in_a_probe_leaves_it_open() -> None:
    ticks = Ticks()
    breaker = broken(ticks)
    ticks.now += 10

    with pytest.raises(ZeroDivisionError), breaker.watch(PATH):
        _ = 1 / 0

    assert state_of(breaker) is State.OPEN


@pytest.mark.parametrize("error", [None, FAILURE])
def test_what_began_before_it_opened_is_no_news(error: errors.WeChatError | None) -> None:
    ticks = Ticks()
    breaker = Breaker("WeChat", monotonic=ticks)
    early, earlier = breaker.watch(PATH), breaker.watch(PATH)
    early.__enter__()
    earlier.__enter__()
    play(breaker, "FFFFF")

    # When one such call ends while it is open, and one after it closed and four calls failed
    leave(early, error)
    assert state_of(breaker) is State.OPEN
    ticks.now += 10
    assert play(breaker, "sFFFF") is State.CLOSED
    leave(earlier, FAILURE)

    # Then neither changed anything
    assert state_of(breaker) is State.CLOSED


def leave(watch: AbstractContextManager[None], error: errors.WeChatError | None) -> None:
    """End a call that was begun by hand."""
    with contextlib.suppress(errors.WeChatError):
        watch.__exit__(None if error is None else type(error), error, None)


def test_one_line_when_it_opens_and_one_when_it_closes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ticks = Ticks()
    breaker = Breaker("WeChat Pay", monotonic=ticks)

    for calls in ("sFFFFF", "FFF", "F", "F", "s", "s"):
        play(breaker, calls)
        ticks.now += 10

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "WeChat Pay: circuit open, 5 failures in a row and 5 among the last 6 calls"),
        ("INFO", "WeChat Pay: circuit closed after 40.0 s"),
    ]


FAILED, ALIVE, NOTHING = True, False, None
UNAVAILABLE: list[tuple[errors.WeChatError, bool | None]] = [
    (errors.Unavailable(PATH, "HTTPError"), FAILED),
    (errors.Unreachable(PATH), FAILED),
    (errors.TimedOut(PATH), FAILED),
    (errors.BrokenOff(PATH), FAILED),
    (errors.Unreadable(PATH, status=502), FAILED),
    (errors.Unreadable(PATH, status=404), ALIVE),
    (errors.Unreadable(PATH, status=429), NOTHING),
    (errors.Unreadable(PATH, "no JSON object"), ALIVE),
    (errors.Busy(PATH, errcode=-1), ALIVE),
    (errors.UserPaying(PATH, status=202), ALIVE),
    (errors.StillUnknown(PATH), ALIVE),  # what follows a whole answer about the order
    (errors.Unverified(PATH), ALIVE),
    (errors.RateLimited(PATH, errcode=45011), NOTHING),
    (errors.CircuitOpen(PATH), NOTHING),
    (errors.Crowded(PATH), NOTHING),
    (pay_error_for(PATH, 500, "SYSTEM_ERROR", None), FAILED),
    (pay_error_for(PATH, 500, "OPENID_MISMATCH", None), FAILED),
    (pay_error_for(PATH, 502, None, None), FAILED),
    (pay_error_for(PATH, 400, "SYSTEM_ERROR", None), ALIVE),
    (pay_error_for(PATH, 429, "FREQUENCY_LIMITED", None), NOTHING),
    (pay_error_for(PATH, 401, "SIGN_ERROR", None), ALIVE),
    (pay_error_for(PATH, 404, None, None), ALIVE),
    (error_for(PATH, 40029, None), ALIVE),
    (error_for(PATH, 40001, None), ALIVE),
    (error_for(PATH, 45009, None), NOTHING),
]


@pytest.mark.parametrize(("error", "verdict"), UNAVAILABLE, ids=range(len(UNAVAILABLE)))
def test_what_counts_as_a_failure(error: errors.WeChatError, verdict: bool | None) -> None:
    assert is_failure(error) is verdict


def test_every_kind_of_unknown_outcome_is_decided() -> None:
    def family(kind: type[errors.WeChatError]) -> set[type[errors.WeChatError]]:
        children = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
        return {kind}.union(*(family(child) for child in children))

    assert family(errors.Unavailable) <= {type(error) for error, _ in UNAVAILABLE}


@given(st.lists(st.tuples(st.floats(0, 4), st.sampled_from("Fsn"), st.floats(0, 3)), max_size=120))
def test_whatever_comes_probes_are_ten_seconds_apart(events: list[tuple[float, str, float]]) -> None:
    ticks = Ticks()
    breaker = Breaker("WeChat", monotonic=ticks)
    sent_while_open: list[float] = []
    for pause, letter, takes in events:
        ticks.now += pause
        if breaker.state is State.CLOSED:
            sent_while_open.clear()
        with contextlib.suppress(errors.WeChatError), breaker.watch(PATH):
            if breaker.state is State.HALF_OPEN:
                sent_while_open.append(ticks.now)
            ticks.now += takes
            if letter != "s":
                raise FAILURE if letter == "F" else errors.RateLimited(PATH)

        assert state_of(breaker) is not State.HALF_OPEN
        assert all(later - earlier >= 9.99 for earlier, later in itertools.pairwise(sent_while_open))
