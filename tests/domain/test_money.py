"""Money is integer fen: sums without rounding, shown with two places, and a receipt's words within their bytes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import LEAST, MOST, Fen, display, total_of
from wechat.pay.prepay import description_of

amounts = st.integers(-(2**53), 2**53).map(Fen)
lines = st.lists(st.tuples(st.integers(LEAST, MOST).map(Fen), st.integers(1, 999)), max_size=50)


@given(amounts)
def test_what_is_shown_is_exactly_the_amount(amount: Fen) -> None:
    shown = display(amount)
    assert Decimal(shown) * 100 == amount
    assert len(shown.partition(".")[2]) == 2
    assert shown.startswith("-") == (amount < 0)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "0.00"), (1, "0.01"), (10, "0.10"), (1250, "12.50"), (-5, "-0.05"), (-1250, "-12.50"), (MOST, "21474836.47")],
)
def test_shown_for_people(amount: int, shown: str) -> None:
    assert display(Fen(amount)) == shown


@given(lines)
def test_a_total_is_the_sum_of_its_parts_in_any_order(given: list[tuple[Fen, int]]) -> None:
    total = total_of(given)
    assert type(total) is int
    assert total == sum(total_of([line]) for line in given) == total_of(reversed(given))
    assert total == total_of((price, 1) for price, quantity in given for _ in range(quantity))
    assert total >= len(given)


@given(st.text(min_size=1, max_size=200))
def test_a_description_is_the_longest_beginning_of_the_title_within_127_bytes(title: str) -> None:
    described = description_of(title)
    writable = title.encode(errors="ignore").decode()
    assert writable.startswith(described)
    assert len(described.encode()) <= 127
    following = writable[len(described) : len(described) + 1]
    assert following == "" or len((described + following).encode()) > 127


@pytest.mark.parametrize(
    ("title", "described"),
    [
        ("茶" * 43, "茶" * 42),
        ("a" * 128, "a" * 127),
        ("a" + "茶" * 42, "a" + "茶" * 42),
        ("aa" + "🍵" * 32, "aa" + "🍵" * 31),
    ],
    ids=["three-bytes", "one-byte", "fits", "four-bytes"],
)
def test_a_description_is_cut_on_a_character(title: str, described: str) -> None:
    assert description_of(title) == described
