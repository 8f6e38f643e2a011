"""Orders: a closed table of moves, and moments that come in their order."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders import (
    ASK_AGAIN,
    HAS_MONEY,
    LADDER,
    LONGEST_LIFE,
    MOVES,
    SHORTEST_LIFE,
    OrderStatus,
    closes_at,
    may_move,
    new_number,
    next_question,
    payable_until,
    status_after_refunds,
)

START = datetime(2026, 5, 4, tzinfo=UTC)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (bounds of Hypothesis are naive)
lives = st.timedeltas(SHORTEST_LIFE, LONGEST_LIFE)


def reachable(status: OrderStatus) -> set[OrderStatus]:
    found = set(MOVES[status])
    while more := {after for before in found for after in MOVES[before]} - found:
        found |= more
    return found


def test_the_table_knows_every_state_and_leads_to_no_other() -> None:
    assert MOVES.keys() == set(OrderStatus)
    assert set().union(*MOVES.values()) <= set(OrderStatus)
    assert reachable(OrderStatus.PENDING) == set(OrderStatus) - {OrderStatus.PENDING}


def test_terminal_states_are_terminal_and_no_money_is_ever_forgotten() -> None:
    assert {status for status in OrderStatus if not MOVES[status]} == {OrderStatus.CLOSED, OrderStatus.REFUNDED}
    for status in HAS_MONEY:
        assert reachable(status) <= HAS_MONEY
    assert not reachable(OrderStatus.CLOSED)


@pytest.mark.parametrize(("before", "after"), list(product(OrderStatus, repeat=2)))
def test_a_move_is_allowed_where_the_table_has_it(before: OrderStatus, after: OrderStatus) -> None:
    assert may_move(before, after) == (after in MOVES[before])


@given(st.integers(1, 10**9), st.lists(st.integers(1, 10**9), max_size=50))
def test_refunds_in_any_parts_move_an_order_only_along_the_table(total: int, parts: list[int]) -> None:
    refunded, status = 0, OrderStatus.PAID
    for part in parts:
        refunded = min(total, refunded + part)
        after = status_after_refunds(total, refunded)
        assert after is status or may_move(status, after)
        assert (after is OrderStatus.REFUNDED) == (refunded == total)
        status = after


@pytest.mark.parametrize(
    ("refunded", "status"), [(0, "PAID"), (1, "PARTIALLY_REFUNDED"), (99, "PARTIALLY_REFUNDED"), (100, "REFUNDED")]
)
def test_the_state_after_refunds(refunded: int, status: str) -> None:
    assert status_after_refunds(100, refunded) == status


@given(moments, lives)
def test_a_life_ends_in_three_steps(created_at: datetime, life: timedelta) -> None:
    expires_at = created_at + life
    assert created_at < payable_until(expires_at) < expires_at < closes_at(expires_at)
    assert closes_at(expires_at) - payable_until(expires_at) == timedelta(minutes=2)
    assert expires_at <= created_at + timedelta(hours=2) - timedelta(minutes=2)


@given(moments, lives, st.timedeltas(timedelta(0), timedelta(hours=3)))
def test_the_next_question_lies_ahead_and_never_behind_the_end(
    created_at: datetime, life: timedelta, age: timedelta
) -> None:
    expires_at, now = created_at + life, created_at + age
    asked_at = next_question(created_at, expires_at, now)
    assert asked_at > now
    end = closes_at(expires_at)
    assert asked_at == now + ASK_AGAIN if now >= end else asked_at <= end


@given(moments, lives, st.lists(st.timedeltas(timedelta(0), timedelta(hours=2)), min_size=2, max_size=10))
def test_later_never_means_an_earlier_question(created_at: datetime, life: timedelta, ages: list[timedelta]) -> None:
    asked = [next_question(created_at, created_at + life, created_at + age) for age in sorted(ages)]
    assert asked == sorted(asked)


def test_the_ladder_of_an_order_of_half_an_hour() -> None:
    expires_at, now, asked = START + timedelta(minutes=30), START, []
    while now < closes_at(expires_at):
        now = next_question(START, expires_at, now)
        asked.append((now - START).total_seconds())
    assert asked == [5, 30, 60, 180, 300, 600, 1800, 1860]
    assert list(LADDER) == sorted(set(LADDER))


@given(moments)
def test_a_number_begins_with_the_day_in_china(now: datetime) -> None:
    number = new_number(now)
    assert number[:8] == (now + timedelta(hours=8)).strftime("%Y%m%d")
    assert len(number) == 20
    assert number.isascii()
    assert number.isdigit()
    assert number != new_number(now)
