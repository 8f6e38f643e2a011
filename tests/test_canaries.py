"""The search for secrets in the log works: it finds what was logged raw, and the pipeline hides what looks secret."""

import io
import json
import logging
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog

from models.failures import tell_failure
from server.logs import configure_logging
from tests import canaries


@pytest.fixture
def written() -> Any:
    """What the pipeline writes, as events."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("DEBUG", as_json=True, stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers = handlers
    root.setLevel(level)


def test_a_secret_in_the_log_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "_secrets", {"canary-token-1", "canary-token-2"})
    log = tmp_path / "log"
    log.write_text("one canary-token-2 here", encoding="utf-8")

    assert canaries.found_in(log) == ["cana… (14 characters)"]


@pytest.mark.parametrize("logged", ["13800000001", "+8613800000001", "447700900123", "+447700900123"])
def test_a_phone_number_in_the_log_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: str) -> None:
    monkeypatch.setattr(
        canaries, "_secrets", canaries.phone_forms("13800000001") | canaries.phone_forms("+447700900123")
    )
    log = tmp_path / "log"
    log.write_text(f'{{"event": "bound {logged}"}}', encoding="utf-8")

    assert canaries.found_in(log) != []


def test_everybodys_number_is_searched_for() -> None:
    assert canaries.phone_forms("13800000001") == {"13800000001", "+8613800000001"}
    assert canaries.phone_forms("+447700900123") == {"447700900123", "+447700900123"}
    assert canaries.phone_forms("+4722123") == {"+4722123"}


def test_the_suite_log_has_nothing_so_far(suite_log: Path) -> None:
    assert suite_log.exists()
    assert canaries.found_in(suite_log) == []


def test_names_looks_and_exceptions_are_hidden(written: Any) -> None:
    logger = logging.getLogger("elsewhere")
    logger.info("GET https://host/path?access_token=CANARY&js_code=CANARY&errcode=40029")
    logger.info("header Bearer CANARY")
    logger.info("postgres://user:CANARY@host/db")
    logger.info(
        "known", extra={"openid": "CANARY", "token": "CANARY", "nested": {"session_key": "CANARY"}, "errcode": 7}
    )
    structlog.get_logger("ours").warning("event", phone="CANARY", variables={"a": "CANARY"}, kept="kept")
    try:
        int("CANARY")
    except ValueError:
        logger.exception("failed")

    events = written()

    assert "CANARY" not in json.dumps(events)
    assert len(events) == 6
    assert "errcode=40029" in events[0]["event"]
    assert (events[3]["errcode"], events[3]["openid"]) == (7, "[hidden]")
    assert events[4]["kept"] == "kept"
    assert (events[5]["error"], events[5]["frames"][-1].rsplit(":", 1)[1]) == (
        "ValueError",
        "test_names_looks_and_exceptions_are_hidden",
    )


def test_loggers_that_quote_callers_are_quiet() -> None:
    levels = {name: logging.getLogger(name).getEffectiveLevel() for name in ("httpx", "httpcore", "tortoise.db_client")}

    assert set(levels.values()) == {logging.WARNING}
    assert not logging.getLogger("uvicorn.access").isEnabledFor(logging.ERROR)
    assert not logging.getLogger("strawberry.execution").isEnabledFor(logging.ERROR)


def test_of_a_database_error_the_class_and_the_code_are_told(written: Any) -> None:
    tell_failure("the database failed", asyncpg.DeadlockDetectedError("Process 1 waits for CANARY"))

    [event] = written()
    assert (event["event"], event["error"], event["sqlstate"]) == (
        "the database failed",
        "DeadlockDetectedError",
        "40P01",
    )
    assert "CANARY" not in json.dumps(event)
