"""Load that does not wait: so many calls a second, whatever becomes of the earlier ones, each with its outcome."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import httpx

Call = Callable[[], Awaitable[str]]
"""One call; its outcome is `ok`, or a code."""


@dataclass(frozen=True)
class Sample:
    """`at` and `took` in seconds of the monotonic clock."""

    kind: str
    at: float
    took: float
    outcome: str


@dataclass
class Samples:
    """What was measured."""

    found: list[Sample] = field(default_factory=list)

    def of(self, *kinds: str, since: float = 0.0, until: float = float("inf")) -> "Samples":
        """Those that began in this time."""
        return Samples([one for one in self.found if one.kind in kinds and since <= one.at < until])

    def outcomes(self) -> Counter[str]:
        return Counter(sample.outcome for sample in self.found)

    def took(self, share: float) -> float:
        """The time that this share of the calls did not exceed; 0 without calls."""
        times = sorted(sample.took for sample in self.found)
        return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0

    def has_ok(self, kind: str, *, since: float) -> bool:
        """Whether a call that began after this moment has succeeded."""
        return any(one.outcome == "ok" for one in self.of(kind, since=since).found)

    def first_ok(self, *kinds: str, since: float) -> float:
        """When the first call that succeeded and began after this moment had ended."""
        return min(one.at + one.took for one in self.of(*kinds, since=since).found if one.outcome == "ok")


class Load:
    """Runs calls in turn at a rate, each in a task of its own."""

    def __init__(self) -> None:
        self.samples = Samples()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, calls: Iterable[tuple[str, Call]], per_second: float, stop: asyncio.Event) -> None:
        """Until `stop` is set; then waits for what is under way."""
        started = time.monotonic()
        turns = itertools.cycle(calls)
        for number in itertools.count():
            if stop.is_set():
                break
            await asyncio.sleep(max(0.0, started + number / per_second - time.monotonic()))
            kind, call = next(turns)
            task = asyncio.create_task(self._one(kind, call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _one(self, kind: str, call: Call) -> None:
        at = time.monotonic()
        try:
            outcome = await call()
        except httpx.HTTPError as error:
            outcome = type(error).__name__
        self.samples.found.append(Sample(kind, at, time.monotonic() - at, outcome))


def outcome_of(answer: httpx.Response) -> str:
    """`ok`, the code of a problem or an error whatever its HTTP status, or the HTTP status where there is no code."""
    try:
        content = answer.json()
    except ValueError:
        return str(answer.status_code)
    if content.get("errors"):
        return str(content["errors"][0]["extensions"]["code"])
    if answer.status_code != httpx.codes.OK:
        return str(answer.status_code)
    [result] = content["data"].values()
    return str(result["code"]) if isinstance(result, dict) and "code" in result else "ok"
