"""Kill tests: whenever a server or a worker dies, no order, no payment and no refund is lost, made twice, or left open.

A few here; with APPLETQL_FULL=1 two hundred at random and twenty at each point. One that went wrong is played again by
its seed: `python -m tests.worker.kills --database sqlite --runs 1 --seed …`.
"""

import os

import pytest

from tests.databases import Databases
from tests.worker.killing_server import POINTS
from tests.worker.kills import Kill, series

pytestmark = pytest.mark.anyio
IS_FULL = os.environ.get("APPLETQL_FULL") == "1"
SEED = int(os.environ.get("APPLETQL_KILL_SEED", "1"))


def at_random(runs: int) -> list[Kill]:
    return [Kill(SEED + number) for number in range(runs)]


def at_points(runs: int) -> list[Kill]:
    return [Kill(SEED + number, point) for point in POINTS for number in range(runs)]


def gently(runs: int) -> list[Kill]:
    return [Kill(SEED + number, gently=True) for number in range(runs)]


async def test_killed_at_random_moments_and_at_every_point(databases: Databases) -> None:
    kills = at_random(200 if IS_FULL else 3) + at_points(20 if IS_FULL else 1)
    said: list[str] = []

    reached, wrong = await series(databases, kills, said.append)

    assert wrong == 0, "\n".join(said)
    assert reached > 0


async def test_ended_by_sigterm_under_load_nothing_that_was_promised_is_lost(databases: Databases) -> None:
    said: list[str] = []

    _, wrong = await series(databases, gently(50 if IS_FULL else 2), said.append)

    assert wrong == 0, "\n".join(said)
