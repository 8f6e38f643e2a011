"""The retry budget: a tenth of the calls, a few at once, and a little in quiet times."""

from tests.wechat.scripted import Ticks
from wechat.retries import RetryBudget


def taken(budget: RetryBudget) -> int:
    """How many retries it grants now."""
    granted = 0
    while budget.take():
        granted += 1
    return granted


def test_ten_at_once_and_no_more() -> None:
    budget = RetryBudget(monotonic=Ticks())

    assert not budget.is_empty
    assert taken(budget) == 10
    assert budget.is_empty
    assert not budget.take()


def test_a_tenth_of_the_calls() -> None:
    budget = RetryBudget(monotonic=Ticks())
    taken(budget)

    granted = 0
    for _ in range(1000):
        budget.count_call()
        granted += budget.take()

    assert 99 <= granted <= 100


def test_one_in_ten_seconds_in_quiet_times() -> None:
    ticks = Ticks()
    budget = RetryBudget(monotonic=ticks)
    taken(budget)

    ticks.now += 9.9
    assert taken(budget) == 0
    ticks.now += 0.2
    assert taken(budget) == 1
    ticks.now += 35
    assert taken(budget) == 3


def test_what_is_not_used_is_kept_only_up_to_ten() -> None:
    ticks = Ticks()
    budget = RetryBudget(monotonic=ticks)
    for _ in range(1000):
        budget.count_call()
    ticks.now += 86_400

    assert taken(budget) == 10
