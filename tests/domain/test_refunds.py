"""Refunds: a closed table of moves, WeChat's words for it, and when WeChat is asked again."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.refunds import MOVES, RefundStatus, may_move, next_question, status_of

START = datetime(2026, 5, 4, tzinfo=UTC)
ages = st.timedeltas(timedelta(0), timedelta(days=30))


def test_the_table_knows_every_state_and_leads_to_no_other() -> None:
    assert MOVES.keys() == set(RefundStatus)
    assert set().union(*MOVES.values()) == set(RefundStatus) - {RefundStatus.PROCESSING}
    assert {status for status in RefundStatus if not MOVES[status]} == {RefundStatus.SUCCESS}
    assert MOVES[RefundStatus.CLOSED] == {RefundStatus.SUCCESS}, "money that went back counts"


@pytest.mark.parametrize(("before", "after"), list(product(RefundStatus, repeat=2)))
def test_a_move_is_allowed_where_the_table_has_it(before: RefundStatus, after: RefundStatus) -> None:
    assert may_move(before, after) == (after in MOVES[before])
    assert not (may_move(before, after) and may_move(after, before)), "no way back"


@given(st.lists(st.sampled_from(RefundStatus), max_size=20))
def test_news_in_any_order_ends_a_refund_once(news: list[RefundStatus]) -> None:
    status, ends = RefundStatus.PROCESSING, 0
    for word in news:
        if may_move(status, word):
            status = word
            ends += not MOVES[status]
    assert ends == (not MOVES[status])
    told = [word for word in (RefundStatus.SUCCESS, RefundStatus.CLOSED, RefundStatus.ABNORMAL) if word in news]
    assert status == (told[0] if told else "PROCESSING")


@given(st.text(max_size=20))
def test_a_word_that_is_not_wechats_means_nothing(word: str) -> None:
    assert status_of(word) == (RefundStatus(word) if word in {"PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED"} else None)


@pytest.mark.parametrize("word", list(RefundStatus))
def test_wechats_words(word: RefundStatus) -> None:
    assert status_of(str(word)) is word
    assert status_of(str(word).lower()) is None


@given(ages)
def test_the_next_question_lies_ahead_at_most_a_day(age: timedelta) -> None:
    now = START + age
    assert now < next_question(START, now) <= now + timedelta(days=1)


@given(st.lists(ages, min_size=2, max_size=10))
def test_later_never_means_an_earlier_question(given: list[timedelta]) -> None:
    asked = [next_question(START, START + age) for age in sorted(given)]
    assert asked == sorted(asked)


def test_the_ladder_of_a_refund() -> None:
    now, asked = START, []
    for _ in range(8):
        now = next_question(START, now)
        asked.append((now - START) / timedelta(minutes=1))
    assert asked == [1, 5, 10, 20, 30, 90, 150, 210]
    assert next_question(START, START + timedelta(days=2)) == START + timedelta(days=3)
