"""Keeps the state in a file, so that yesterday's users still exist."""

import asyncio
import contextlib
import json
import logging
import os
import tempfile
from pathlib import Path

from sandbox.state import NotAState, State

_DELAY = 0.2
_logger = logging.getLogger("sandbox")


class StateFileError(Exception):
    """The state file cannot be used; the text names the file and says what to do."""


class StateFile:
    """One file, readable by its owner alone, replaced as a whole soon after each change."""

    def __init__(self, path: Path, state: State) -> None:
        self._path = path
        self._state = state
        self._timer: asyncio.TimerHandle | None = None

    def load(self) -> None:
        """Read the file if there is one. Raises StateFileError when it is unreadable or not a sandbox state."""
        try:
            self._state.load_json(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            if not self._path.parent.is_dir():
                raise self._unusable("its folder does not exist") from None
        except OSError as error:
            raise self._unusable(error.strerror or "it cannot be read") from None
        except NotAState as error:
            raise self._unusable(f"{error}; delete it to start anew") from None
        except (ValueError, RecursionError):
            raise self._unusable("it is not JSON; delete it to start anew") from None

    def touch(self) -> None:
        """Write soon: many changes in a moment become one write. Where no event loop runs, write now."""
        if self._timer is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
        else:
            self._timer = loop.call_later(_DELAY, self._write)

    def flush(self) -> None:
        """Write now if anything waits to be written."""
        if self._timer is not None:
            self._timer.cancel()
            self._write()

    def _unusable(self, reason: str) -> StateFileError:
        return StateFileError(f"the sandbox state {self._path} cannot be used: {reason}")

    def _write(self) -> None:
        self._timer = None
        content = json.dumps(self._state.to_json(), ensure_ascii=False).encode()
        temporary: str | None = None
        try:
            # mkstemp makes the file readable by its owner alone.
            descriptor, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name, suffix=".new")
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(temporary).replace(self._path)
        except OSError as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
            # Development goes on without the file; the next change tries again.
            reason = error.strerror
            _logger.error("the sandbox state %s cannot be written: %s", self._path, reason)  # noqa: TRY400  (the reason is all of it)
