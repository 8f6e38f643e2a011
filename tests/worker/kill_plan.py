"""Which runs there are, and what each of them is like: all of it follows from its seed."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from tests.worker.killing_server import POINTS

_PASSED_AT_SIGN_IN = 20
"""Commits, roundly, before the load begins."""

_PASSES = {"serve": 30, "worker": 4}
"""Passes of a point under the load, roundly, at which a process may die; most runs have more of them."""

_MORE = 3


@dataclass(frozen=True)
class Kill:
    """What dies: both processes at random moments, or one of them at the nth pass of a point; `gently` by SIGTERM."""

    seed: int
    point: str | None = None
    gently: bool = False

    @property
    def name(self) -> str:
        return "gently" if self.gently else self.point or "random"

    @property
    def is_once_a_minute(self) -> bool:
        """In a third of the runs WeChat takes one refund request a minute for an order."""
        return self.chance("one refund a minute").random() < 1 / 3

    @property
    def is_healed_alone(self) -> bool:
        """In half of the runs there is only a worker afterwards: no server, and nobody who asks again."""
        return self.chance("the worker alone").random() < 1 / 2

    def told(self) -> str:
        """As a run is announced."""
        kinds = {"one refund a minute": self.is_once_a_minute, "healed by the worker alone": self.is_healed_alone}
        return ", ".join([f"seed {self.seed} {self.name}", *(kind for kind, holds in kinds.items() if holds)])

    def chance(self, what: str) -> random.Random:
        """Chance of its own, so that one thing that is drawn does not change another."""
        return random.Random(f"{self.seed} {self.name} {what}")

    def environment(self, who: str) -> dict[str, str]:
        """Of the process `who`."""
        chance = self.chance("victim")
        victim = chance.choice(["serve", "serve", "worker"])
        if self.point is None or who != victim:
            return {}
        passed = _PASSED_AT_SIGN_IN if victim == "serve" and "commit" in self.point else 0
        return {"KILL_POINT": self.point, "KILL_NTH": str(passed + chance.randint(1, _PASSES[victim]))}


@dataclass
class Tally:
    """What became of the runs."""

    runs: int = 0
    wrong: int = 0
    once_a_minute: int = 0
    alone: int = 0
    played: Counter[str] = field(default_factory=Counter)
    died: Counter[str] = field(default_factory=Counter)

    def add(self, kill: Kill, *, died: bool, wrong: bool) -> None:
        """`died`: one of its processes ended by itself, at the point."""
        self.runs += 1
        self.wrong += wrong
        self.once_a_minute += kill.is_once_a_minute
        self.alone += kill.is_healed_alone
        self.played[kill.name] += 1
        self.died[kill.name] += died

    def told(self) -> str:
        """In one line, with each point: how many runs died there, of how many."""
        points = [f"{point} {self.died[point]}/{self.played[point]}" for point in POINTS if self.played[point]]
        kinds = f"{self.once_a_minute} with one refund a minute, {self.alone} healed by the worker alone"
        return "; ".join([f"{self.runs} runs", kinds, *([", ".join(points)] if points else []), f"{self.wrong} wrong"])


@dataclass(frozen=True)
class Plan:
    """`at_points` runs are to die at each of the points; one that ended before it came there is made up for."""

    seed: int
    at_random: int
    at_points: int
    gently: int
    points: Iterable[str] = POINTS

    def kills(self, tally: Tally) -> Iterator[Kill]:
        """One after the other; what became of each is in the tally before the next is asked for."""
        yield from (Kill(self.seed + number) for number in range(self.at_random))
        for point in self.points:
            seeds, most = count(self.seed), 2 * self.at_points + _MORE
            while tally.died[point] < self.at_points and tally.played[point] < most:
                yield Kill(next(seeds), point)
        yield from (Kill(self.seed + number, gently=True) for number in range(self.gently))
