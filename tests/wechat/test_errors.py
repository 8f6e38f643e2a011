"""The error trees: their drawing, messages and twins."""

import re
from types import ModuleType
from typing import TypeAlias

import pytest

from wechat import errors, user_data_errors
from wechat.errcodes import error_for

Kind: TypeAlias = type[errors.WeChatError] | type[user_data_errors.UserDataError]


def tree(kind: Kind) -> list[Kind]:
    children = [child for child in kind.__subclasses__() if child.__module__ == kind.__module__]
    return [kind, *(found for child in children for found in tree(child))]


TREES = {errors: tree(errors.WeChatError), user_data_errors: tree(user_data_errors.UserDataError)}
KINDS = [kind for kinds in TREES.values() for kind in kinds]


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
