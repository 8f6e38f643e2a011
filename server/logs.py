"""Logs: one event a line, with the request's id, and nothing in them that signs in, pays or identifies.

Three ways in which secrets reach logs are closed here: names of fields (a list), values in running text (patterns),
and exceptions, whose messages quote what the caller sent: of an exception only its type and its frames are kept.
"""

import logging
import re
import sys
import traceback
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

_HIDDEN = "[hidden]"
_HIDDEN_NAMES = re.compile(
    r"token|secret|session_?key|openid|unionid|phone|password|authorization|cookie|js_?code|variables|query|body"
    r"|signature|encrypted|^code$|^iv$",
    re.IGNORECASE,
)
_HIDDEN_VALUES = (
    (
        re.compile(r"((?<![a-z])(?:access_token|token|secret|js_code|code|openid|session_key|signature)=)[^&\s\"']+"),
        r"\1" + _HIDDEN,
    ),
    (re.compile(r"(Bearer\s+)\S+", re.IGNORECASE), r"\1" + _HIDDEN),
    (re.compile(r"(\w+://[^:/@\s]*:)[^@\s]+@"), r"\1" + _HIDDEN + "@"),
)
_QUIET = {
    "httpx": logging.WARNING,  # logs whole addresses, with secret, js_code and access_token
    "httpcore": logging.WARNING,
    "tortoise": logging.WARNING,  # logs statements with their values
    "tortoise.db_client": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "uvicorn.error": logging.WARNING,  # tells of each step of starting and stopping
    "uvicorn.access": logging.CRITICAL,  # logs query strings; our own event has the path alone
    "strawberry.execution": logging.CRITICAL,  # logs the query text beside an error
}
_FRAMES = 12


def configure_logging(level: str, *, as_json: bool, stream: TextIO | None = None) -> None:
    """Sends every logger of the process through one handler; `as_json` for machines, else coloured for people."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else structlog.dev.ConsoleRenderer()
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                exception_without_message,
                redact,
                renderer,
            ],
        )
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, quiet_level in _QUIET.items():
        logging.getLogger(name).setLevel(quiet_level)


def exception_without_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keeps of an exception its type and its last frames; the message may quote a caller."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["frames"] = [
            f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ][-_FRAMES:]
    return event


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hides what its name or its looks give away."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: Any) -> Any:
    if _HIDDEN_NAMES.search(name):
        return _HIDDEN
    if isinstance(value, dict):
        return {str(key): _hidden(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", inner) for inner in value]
    if not isinstance(value, str):
        return value
    for pattern, replacement in _HIDDEN_VALUES:
        value = pattern.sub(replacement, value)
    return value
