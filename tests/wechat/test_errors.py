"""The error tree: its drawing, its messages and its twins."""

import re

import pytest

from wechat import errors
from wechat.errcodes import error_for


def tree(kind: type[errors.WeChatError]) -> list[type[errors.WeChatError]]:
    children = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    return [kind, *(found for child in children for found in tree(child))]


def test_the_docstring_draws_the_whole_tree_in_order() -> None:
    drawn = re.findall(r"^ {4}[│├└─ ]*([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)

    assert drawn == [kind.__name__ for kind in tree(errors.WeChatError)]


@pytest.mark.parametrize("kind", tree(errors.WeChatError))
def test_each_kind_says_what_it_means(kind: type[errors.WeChatError]) -> None:
    assert kind.meaning in vars(kind).values()
    assert kind.__doc__


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
