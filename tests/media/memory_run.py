"""Run as a process of its own: many files through a real workshop, and by how many bytes the process grew at most."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

from domain.problems import Failure
from services.media.images import prepare_avatar
from services.media.workshop import open_workshop
from tests.media.pictures import plain


def peak() -> int:
    """The most bytes ever resident. Not from getrusage: after a fork that counts the parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


async def main(files: list[bytes], count: int) -> None:
    async with open_workshop(places=20) as workshop:
        await workshop.run(prepare_avatar, plain("JPEG"))
        before = peak()
        outcomes: Counter[str] = Counter()
        slots = asyncio.Semaphore(10)

        async def one(number: int) -> None:
            async with slots:
                try:
                    await workshop.run(prepare_avatar, files[number % len(files)])
                    outcomes["clean"] += 1
                except Failure as failure:
                    outcomes[type(failure).__name__] += 1

        await asyncio.gather(*(one(number) for number in range(count)))
    print(peak() - before, outcomes.total(), outcomes["clean"], outcomes["Unavailable"])  # noqa: T201  (its answer)


if __name__ == "__main__":
    asyncio.run(main([path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())], int(sys.argv[2])))
