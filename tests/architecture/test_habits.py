"""Habits: nothing is printed, asserted, swallowed or logged with its values; silenced checkers have a reason."""

import pytest

from tests.architecture.rules.habits import bad_habits, unexplained
from tests.architecture.rules.sources import Source, planted

SILENCE, IGNORE = "# no" + "qa", "# type: " + "ignore"


def test_product_code_has_no_bad_habits(sources: tuple[Source, ...]) -> None:
    assert bad_habits(sources) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("print('hello')", "prints"),
        ("pprint.pprint({})", "prints"),
        ("assert paid", "assert is for tests"),
        ("try: ...\nexcept Exception: pass", "swallows every exception"),
        ("try: ...\nexcept: ...", "swallows every exception"),
        ("try: ...\nexcept (ValueError, BaseException) as error:\n    'never mind'", "swallows every exception"),
        ("for i in x:\n    try: ...\n    except Exception: continue", "swallows every exception"),
        ("with contextlib.suppress(Exception): ...", "suppresses every exception"),
        ("log.exception('failed')", "exception(…) logs the text"),
        ("log.error('failed', exc_info=True)", "exc_info logs the text"),
        ("log.error('failed', exc_info=error)", "exc_info logs the text"),
        ("text = traceback.format_exc()", "format_exc shows the text"),
        ("try: ...\nexcept OSError as error:\n    log.error('failed', error=str(error))", "logs the text of `error`"),
        ("try: ...\nexcept OSError as error:\n    log.error(f'failed: {error}')", "logs the text of `error`"),
        ("try: ...\nexcept OSError as error:\n    log.error('failed: %s', error)", "logs the text of `error`"),
        ("try: ...\nexcept OSError as error:\n    log.error('failed', args=error.args)", "logs the text of `error`"),
    ],
)
def test_a_bad_habit_is_found(text: str, complaint: str) -> None:
    (found,) = bad_habits([planted("services/orders.py", text)])
    assert complaint in found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("server/cli/dev.py", "print('hello')"),
        ("services/orders.py", "try: ...\nexcept ValueError: pass"),
        ("services/orders.py", "try: ...\nexcept Exception: raise"),
        ("services/orders.py", "with contextlib.suppress(ProcessLookupError): ..."),
        ("services/orders.py", "task.exception()"),
        ("services/orders.py", "log.error('failed', exc_info=False)"),
        (
            "services/orders.py",
            "try: ...\nexcept OSError as error:\n    log.error('failed', kind=type(error).__name__)",
        ),
        ("services/orders.py", "try: ...\nexcept Pay as problem:\n    log.error('failed', code=problem.code)"),
        ("tests/test_orders.py", "assert paid\nprint('hello')"),
    ],
)
def test_other_habits_are_let_through(path: str, text: str) -> None:
    assert bad_habits([planted(path, text)]) == []


def test_every_silenced_finding_has_a_code_and_a_reason(sources: tuple[Source, ...]) -> None:
    assert unexplained(sources) == []


@pytest.mark.parametrize(
    ("comment", "complaint"),
    [
        (SILENCE, "names no code"),
        (f"{SILENCE}  (it is fine)", "names no code"),
        (f"{SILENCE}: SLF001", "gives no reason"),
        (f"{SILENCE}: SLF001, S105", "gives no reason"),
        (f"{SILENCE}: SLF001  ()", "gives no reason"),
        (IGNORE, "names no code"),
        (f"{IGNORE}  # Tortoise has no types", "names no code"),
        (f"{IGNORE}[arg-type]", "gives no reason"),
        (f"{IGNORE}[arg-type]  {SILENCE}: SLF001", "gives no reason"),
        ("# ruff: " + "noqa: SLF001  (all of it)", "silences a checker for a whole file"),
        ("# mypy: " + "ignore-errors", "silences a checker for a whole file"),
    ],
)
@pytest.mark.parametrize("path", ["services/orders.py", "tests/test_orders.py"])
def test_a_silenced_finding_without_code_or_reason_is_found(path: str, comment: str, complaint: str) -> None:
    assert unexplained([planted(path, f"\nx = 1  {comment}")]) == [f"{path}:1: {comment}: {complaint}"]


@pytest.mark.parametrize(
    "comment",
    [
        f"{SILENCE}: SLF001  (the guard looks inside)",
        f"{IGNORE}[arg-type]  # Tortoise has no types for it",
        f"{IGNORE}[arg-type]  {SILENCE}: SLF001  (Tortoise hides it)",
        "# an ordinary reason",
    ],
)
def test_a_silenced_finding_with_its_reason_is_let_through(comment: str) -> None:
    assert unexplained([planted("services/orders.py", f"x = 1  {comment}")]) == []


def test_what_looks_like_a_comment_inside_a_text_is_let_through() -> None:
    assert unexplained([planted("services/orders.py", f"x = '{SILENCE}'")]) == []
