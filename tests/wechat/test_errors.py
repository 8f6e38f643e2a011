"""The error trees: their drawing, messages and twins."""

import re
from types import ModuleType
from typing import TypeAlias

import pytest

from wechat import errors, user_data_errors
from wechat.errcodes import error_for
from wechat.pay import bill_errors
from wechat.pay import errors as pay_errors

Kind: TypeAlias = type[errors.WeChatError] | type[user_data_errors.UserDataError]


def tree(kind: Kind) -> list[Kind]:
    children = [child for child in kind.__subclasses__() if child.__module__ == kind.__module__]
    return [kind, *(found for child in children for found in tree(child))]


TREES = {
    errors: tree(errors.WeChatError),
    user_data_errors: tree(user_data_errors.UserDataError),
    pay_errors: [*tree(pay_errors.PayRefused), *tree(pay_errors.NoticeRefused)],
}
OF_BILLS: list[Kind] = [bill_errors.NoStatement, bill_errors.StatementCreating, bill_errors.BillBroken]
KINDS = [*(kind for kinds in TREES.values() for kind in kinds), *OF_BILLS]


@pytest.mark.parametrize("module", TREES)
def test_the_docstring_draws_the_whole_tree_in_order(module: ModuleType) -> None:
    drawn = re.findall(r"^ {4}[│├└─ ]*([A-Z]\w+)", module.__doc__ or "", re.MULTILINE)

    assert drawn == [kind.__name__ for kind in TREES[module]]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_says_what_it_means(kind: Kind) -> None:
    assert kind.meaning in vars(kind).values()
    assert kind.__doc__


def test_no_two_kinds_mean_the_same() -> None:
    assert len({kind.meaning for kind in KINDS}) == len(KINDS)


def test_every_error_of_the_wire_is_drawn_somewhere() -> None:
    def family(kind: type[errors.WeChatError]) -> set[type[errors.WeChatError]]:
        return {kind}.union(*(family(child) for child in kind.__subclasses__()))

    assert family(errors.WeChatError) == {kind for kind in KINDS if issubclass(kind, errors.WeChatError)}


def test_the_errors_of_bills_are_drawn_beside_their_parents() -> None:
    drawn = re.findall(r"[├└]── ([A-Z]\w+)", bill_errors.__doc__ or "")

    assert drawn == [kind.__name__ for kind in OF_BILLS]


def test_of_wechat_pay_exactly_the_unknown_outcomes_are_unavailable() -> None:
    assert not [kind for kind in TREES[pay_errors] if issubclass(kind, errors.Unavailable)]
    assert issubclass(errors.Unverified, errors.Unavailable)
    assert issubclass(errors.UserPaying, errors.Unavailable)


def test_a_twin_is_equal_and_has_no_past() -> None:
    # Given an error that was raised
    original = error_for("/some/path", 40164, "a-rid")
    with pytest.raises(errors.Misconfigured) as raised:
        raise original

    # When it is told again
    twin = original.again()

    # Then everything but the traceback is the same
    assert twin is not original
    assert type(twin) is errors.Misconfigured
    assert (str(twin), vars(twin)) == (str(original), vars(original))
    assert raised.value.__traceback__ is not None
    assert twin.__traceback__ is None
