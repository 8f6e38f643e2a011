"""Platform certificates are kept fresh by each process for itself, since each verifies with its own copy."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.clock import wire_clock
from wechat.pay.client import Pay

_LOOK_EVERY = 60.0

logger = logging.getLogger(__name__)


@asynccontextmanager
async def fresh_certificates(pay: Pay | None) -> AsyncIterator[None]:
    """Fetches them again before they are old; what fails is tried again a minute later."""
    if pay is None:
        yield
        return
    keeping = asyncio.create_task(_keep(pay))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _keep(pay: Pay) -> None:
    while True:
        if pay.key_ring.needs_refresh(wire_clock()):
            try:
                await pay.refresh_certificates()
            except Exception as error:  # noqa: BLE001  (whatever it is, the next minute brings another try)
                logger.warning("platform certificates could not be fetched", extra={"kind": type(error).__name__})
        await asyncio.sleep(_LOOK_EVERY)
