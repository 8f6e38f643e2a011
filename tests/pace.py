"""How fast this machine is today, for the tests whose bounds are times."""

import json
import time
from typing import Any

_WORK: list[dict[str, Any]] = [{"number": at, "name": "茶" * 9, "amounts": [at, -at]} for at in range(200)]
_USUAL_SECONDS = 0.0018
"""What the work below takes where the bounds of the tests were written: a core of 2.6 GHz, CPython 3.11."""


def slowness() -> float:
    """How many times longer than there everything takes here and now; at least 1.

    By work that has nothing to do with what is tested, so that a slower server is not given more time.
    """
    return max(1.0, min(_seconds() for _ in range(9)) / _USUAL_SECONDS)


def _seconds() -> float:
    started = time.thread_time()
    total = 0
    for _ in range(5):
        for one in json.loads(json.dumps(_WORK)):
            total += sum(amount * amount for amount in one["amounts"])
    return time.thread_time() - started
