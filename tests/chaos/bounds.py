"""How long is too long in the tests of outages: what was promised, on the machine of today.

In the long forms a bound is multiplied by the slowness of the machine alone, which is taken before the load, by work
that is not the server's: no server is given more time for being slow.
"""

import os

from tests.pace import slowness

IS_FULL = os.environ.get("APPLETQL_FULL") == "1"

_WAITING, _COMPUTING = (1.0, 1.0) if IS_FULL else (1.75, 6.0)
"""Client, sandbox, database and server share two cores, maybe with others, and of the few calls of a short form the
slowest one decides: a wait that is over is seen late, and what takes milliseconds stands behind several others. The
short forms are for what takes many times as long; the promised bounds are those of the long forms."""


def for_waiting() -> float:
    """What a bound is multiplied by that is made of time-outs."""
    return slowness() * _WAITING


def for_computing() -> float:
    """What a bound is multiplied by that is made of work."""
    return slowness() * _COMPUTING
