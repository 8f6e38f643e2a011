"""What the worker does by itself: each job has a row, so that of many workers one runs it when it is due."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.clock import Clock
from domain.jobs import JobName, next_run
from domain.problems import Unavailable
from models.jobs import Job
from models.unit_of_work import UnitsOfWork

AGAIN = timedelta(minutes=30)
"""A job that failed, or whose time has not come at WeChat, is tried again after that."""


@dataclass(frozen=True)
class Unfinished:
    """What a run did, and that there is more of it: the job is due again at once."""

    said: str


Run = Callable[[], Awaitable[str | Unfinished]]
"""Runs a job; gives one line about what it did. Raises NotYetError where it must be tried again later."""

SECONDS = 600.0
"""After so long a job is given up, and tried again."""

logger = logging.getLogger(__name__)


class NotYetError(Exception):
    """What the job needs is not there yet."""


class JobDuty:
    """Runs jobs by their names."""

    def __init__(self, units: UnitsOfWork, runs: Mapping[JobName, Run], clock: Clock) -> None:
        self._units = units
        self._runs = runs
        self._clock = clock

    async def prepare(self) -> None:
        """A row for each job that has none yet, due now; the reconciliation when yesterday's bill is ready."""
        now = self._clock()
        for name in self._runs:
            first = next_run(name, now) if name is JobName.RECONCILE else now
            await self._units.run_again_if_raced(_insert, name, first)

    async def do(self, job_id: str) -> None:
        """Raises Unavailable when the database does not answer."""
        run = self._runs.get(JobName(job_id)) if job_id in list(JobName) else None
        if run is None:  # another worker, of another version or with other settings, may run it
            await self._later(job_id, "not run by this worker")
            return
        try:
            said = await run()
        except NotYetError:
            await self._later(job_id, "not yet")
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, the job comes round again)
            logger.error("a job failed", extra={"job": job_id, "kind": type(error).__name__})  # noqa: TRY400  (its text may quote a value)
            await self._later(job_id, f"failed: {type(error).__name__}")
        else:
            await self._done(job_id, said)

    async def _done(self, job_id: str, said: str | Unfinished) -> None:
        now = self._clock()
        due_at = now if isinstance(said, Unfinished) else next_run(JobName(job_id), now)
        line = said.said if isinstance(said, Unfinished) else said
        await self._units.run(_end, job_id, now, due_at, line)
        logger.info("job done", extra={"job": job_id, "said": line})

    async def _later(self, job_id: str, said: str) -> None:
        now = self._clock()
        await self._units.run(_end, job_id, now, now + AGAIN, said)


async def _insert(name: JobName, first: datetime) -> None:
    if not await Job.filter(id=name).exists():
        _ = await Job.create(id=name, due_at=first)


async def _end(job_id: str, now: datetime, due_at: datetime, said: str) -> None:
    _ = await Job.filter(id=job_id).update(ended_at=now, due_at=due_at, detail=said[:200])
