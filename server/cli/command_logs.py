"""What a command logs that answers and ends: standard output is its answer, the log goes to standard error."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from server.logs import configure_logging
from server.settings import Settings


@contextmanager
def command_logs(settings: Settings) -> Iterator[Settings]:
    """Logs from WARNING on inside the block; gives the settings that say so.

    APPLETQL_LOG_LEVEL is the servers': of it DEBUG alone counts here. What an operator did is logged as a warning and
    must be in the log, also where a server tells errors alone.
    """
    level = "DEBUG" if settings.log_level == "DEBUG" else "WARNING"
    root = logging.getLogger()
    handlers, level_before = root.handlers, root.level
    configure_logging(level, as_json=settings.is_production)
    try:
        yield settings.model_copy(update={"log_level": level})
    finally:
        root.handlers = handlers
        root.setLevel(level_before)
