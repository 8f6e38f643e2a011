"""Run as a process of its own: reconciles a day, and says how much memory and time it took."""

import asyncio
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from models.database import open_database
from models.encryption import Cipher
from services.background import Background
from services.keyed_hashes import KeyedHashes
from services.payments.pay_access import PayAccess
from services.payments.refund_settling import RefundSettling
from services.payments.settling import Settling
from services.payments.storied_pay import StoriedPay
from services.payments.story import Story
from services.reconciliation.reconciling import Reconciling, ignore
from tests.memory import peak
from tests.wechat.pay.fake_pay import KEY_ID, merchant
from wechat.http import new_http_client
from wechat.pay.client import Pay


def clock() -> datetime:
    return datetime.now(UTC)


async def main(address: str, database_url: str, day: str, pem: str) -> None:
    async with open_database(database_url) as units, new_http_client() as http:
        pay = Pay(http, merchant(), public_key_id=KEY_ID, public_key_pem=pem, address=address)
        story = Story(units, Background(), clock)
        access = PayAccess(StoriedPay(pay, story), "http://127.0.0.1:9/", timedelta(minutes=30))
        cipher = Cipher([Fernet.generate_key().decode()])
        settling = Settling(units, KeyedHashes(units, cipher, clock), clock, access.notify_url)
        reconciling = Reconciling(units, access, settling, RefundSettling(units, clock, access.notify_url), clock)
        before, began = peak(), time.monotonic()
        row = await reconciling.run(date.fromisoformat(day), ignore)
        seconds = time.monotonic() - began
        await pay.aclose()
    print(before, peak(), f"{seconds:.1f}", row.lines, row.alarms)  # noqa: T201  (its answer)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]).read_text()))
