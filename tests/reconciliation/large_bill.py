"""A day with very many payments: SQLite rows and WeChat's bill of them, made here and served on loopback."""

import asyncio
import gzip
import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.process.running import REPOSITORY, clean_environment
from tests.wechat.pay.bill_server import HEADER, SUMMARY
from tests.wechat.pay.fake_pay import MCHID, compact, private_key, public_pem, signed_headers
from tests.wechat.pay.raw_server import RawRequest, serve_raw

DAY = datetime.now(UTC).date() - timedelta(days=3)
APPID = "wxab8acd895ab1638a"
PRICE = 1999
MISSING_EVERY = 100_000
"""One payment in so many is not in the bill, and one row of the bill not here: a large day is seldom a perfect one."""

_USER = "usr_00000000000000000000000000"
_PAID_AT = f"{DAY.isoformat()} 04:00:00+00:00"


@dataclass(frozen=True)
class Measured:
    """What a process says of its run: bytes in memory at most, before and after; seconds; what it found."""

    before: int
    peak: int
    seconds: float
    lines: int
    alarms: int


def fill(path: Path, count: int) -> None:
    """Paid orders in a migrated SQLite database, with their entries in the ledger."""
    with sqlite3.connect(path) as database:
        database.execute(
            "INSERT INTO users (id, created_at, is_operator, unpaid_orders) VALUES (?, ?, 0, 0)", (_USER, _PAID_AT)
        )
        database.executemany(
            "INSERT INTO orders (id, user_id, number, idempotency_key, input_hash, mchid, appid, payer, total,"
            " refunded, status, prepay_body, created_at, expires_at, paid_at)"
            " VALUES (?, ?, ?, ?, '', ?, ?, '', ?, 0, 'PAID', '', ?, ?, ?)",
            (
                (_id("ord", it), _USER, _number(it), str(it), MCHID, APPID, PRICE, _PAID_AT, _PAID_AT, _PAID_AT)
                for it in range(count)
            ),
        )
        database.executemany(
            "INSERT INTO payments (id, order_id, transaction_id, kind, total, reserved, refunded, parts,"
            " is_refund_unknown, paid_at, created_at) VALUES (?, ?, ?, 'order', ?, 0, 0, 0, 0, ?, ?)",
            ((_id("pay", it), _id("ord", it), _transaction(it), PRICE, _PAID_AT, _PAID_AT) for it in range(count)),
        )
        database.executemany(
            "INSERT INTO ledger (id, order_id, payment_id, amount, reference, happened_at, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (_id("led", it), _id("ord", it), _id("pay", it), PRICE, f"pay:{_transaction(it)}", _PAID_AT, _PAID_AT)
                for it in range(count)
            ),
        )
    database.close()


def write_bill(path: Path, count: int) -> str:
    """The packed bill; its SHA-1."""
    digest = hashlib.sha1(usedforsecurity=False)
    with gzip.open(path, "wb", compresslevel=1) as file:
        for line in _lines(count):
            digest.update(line)
            file.write(line)
    return digest.hexdigest()


async def measure(folder: Path, database: Path, sha1: str, packed: Path) -> Measured:
    """Reconciles in a process of its own, whose memory is watched; `packed` is the bill."""
    (folder / "wechat.pem").write_text(public_pem(private_key("wechat")))
    content = await asyncio.to_thread(packed.read_bytes)

    def answer(request: RawRequest) -> tuple[int, dict[str, str], bytes]:
        if request.target.startswith("/v3/billdownload/"):
            return 200, {"content-type": "application/x-gzip"}, content
        if "bill_type=RECHARGE_REFUND" in request.target:
            return 400, {"content-type": "application/json"}, compact({"code": "NO_STATEMENT_EXIST", "message": "none"})
        url = f"{server.address}/v3/billdownload/file?token=large"
        body = compact({"hash_type": "SHA1", "hash_value": sha1, "download_url": url})
        return 200, signed_headers(body, at=datetime.now(UTC)), body

    async with serve_raw(answer) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.reconciliation.memory_run"),
            *(server.address, f"sqlite://{database}", DAY.isoformat(), str(folder / "wechat.pem")),
            cwd=REPOSITORY,
            env=clean_environment(),
            stdout=subprocess.PIPE,
        )
        said, _ = await process.communicate()
    assert process.returncode == 0
    before, peak, seconds, lines, alarms = said.split()[-5:]
    return Measured(int(before), int(peak), float(seconds), int(lines), int(alarms))


def day() -> date:
    """The day in question."""
    return DAY


def _lines(count: int) -> Iterator[bytes]:
    yield f"{HEADER}\r\n".encode()
    told = [it for it in range(count) if it % MISSING_EVERY != 1]
    for it in told:
        yield _line(_transaction(it), _number(it))
    foreign = range(0, count, MISSING_EVERY)
    for it in foreign:
        yield _line(f"foreign{it}", f"foreign{it}")
    total = (len(told) + len(foreign)) * PRICE
    sums = f"`{total // 100}.{total % 100:02}"
    yield f"{SUMMARY}\r\n`{len(told) + len(foreign)}.0,{sums},`0.00,`0.00,`0.00,{sums},`0.00\r\n".encode()


def _line(transaction: str, number: str) -> bytes:
    return (
        f"`{DAY.isoformat()} 12:00:00,`{APPID},`{MCHID},`0,`,`{transaction},`{number},`oHkLxtx0vUqe-18p_AXTZ1innxkCY,"
        "`JSAPI,`SUCCESS,`OTHERS,`CNY,`19.99,`0.00,`0,`0,`0.00,`0.00,`,`,`一件商品,`,`0.12000,`0.60%,`19.99,`0.00,`\r\n"
    ).encode()


def _id(prefix: str, number: int) -> str:
    moment = int(datetime.fromisoformat(_PAID_AT).timestamp() * 1000)
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    bits = moment << 80 | number
    return f"{prefix}_" + "".join(digits[bits >> 5 * place & 31] for place in reversed(range(26)))


def _transaction(number: int) -> str:
    return "4200" + hashlib.blake2b(str(number).encode(), digest_size=12).hexdigest()


def _number(number: int) -> str:
    return f"{DAY:%Y%m%d}{number:012}"


def free_megabytes(folder: Path) -> int:
    """Room on the disk."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize // 1024**2
