"""Differences that a test plants into a bill: rows that are missing, foreign or altered, and files that are broken."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sandbox.bodies import Refused, read_choice, read_integer, read_list, read_only, read_text
from sandbox.pay.bill_rows import BillRow
from sandbox.pay.bill_text import BillType
from sandbox.pay.keys import MCHID
from sandbox.pay.orders import REFUND, SUCCESS
from sandbox.pay.times import read_time, written

_AMOUNTS = range(2**53)
_NOON_IN_CHINA = "T12:00:00+08:00"
_NAMES = ("transactionId", "outTradeNo", "outRefundNo")


class BillFaultKind(StrEnum):
    """What is wrong: with the row that the fault names, or for the last four with the file."""

    DROP = "drop"
    ADD = "add"
    REPEAT = "repeat"
    AMOUNT = "amount"
    STATE = "state"
    APPID = "appid"
    HASH = "hash"
    TRUNCATE = "truncate"
    HEADER = "header"
    SUMMARY = "summary"


_OF_THE_FILE = {BillFaultKind.HASH, BillFaultKind.TRUNCATE, BillFaultKind.HEADER, BillFaultKind.SUMMARY}
_NEEDS = {BillFaultKind.AMOUNT: "amount", BillFaultKind.STATE: "state", BillFaultKind.APPID: "appid"}


@dataclass(frozen=True, slots=True)
class BillFault:
    """One of them. `day` is None for those of every day, and `bill_type` for those of every type.

    The numbers name the row, `out_refund_no` that of a refund.
    """

    kind: BillFaultKind
    day: str | None = None
    bill_type: BillType | None = None
    transaction_id: str | None = None
    out_trade_no: str | None = None
    out_refund_no: str | None = None
    amount: int | None = None
    state: str | None = None
    appid: str | None = None
    at: float | None = None

    def fits(self, row: BillRow) -> bool:
        """Whether the row is the one: without `out_refund_no` that of a payment."""
        numbers = (
            (self.transaction_id, row.transaction_id),
            (self.out_trade_no, row.out_trade_no),
            (self.out_refund_no or "", row.out_refund_no),
        )
        return all(wanted is None or wanted == known for wanted, known in numbers)

    def to_json(self) -> dict[str, Any]:
        """The form in which it was ordered."""
        given = {
            "date": self.day,
            "billType": self.bill_type,
            "transactionId": self.transaction_id,
            "outTradeNo": self.out_trade_no,
            "outRefundNo": self.out_refund_no,
            "amount": self.amount,
            "state": self.state,
            "appid": self.appid,
            "at": None if self.at is None else written(self.at),
        }
        return {"fault": self.kind.value, **{name: value for name, value in given.items() if value is not None}}


def read_faults(body: Mapping[str, Any]) -> list[BillFault]:
    """All of them; `date` beside the list is that of each fault without its own. Raises Refused."""
    read_only(body, ("date", "faults"))
    day = _read_day(body, "the body")
    return [_read_fault(entry, f"faults[{place}]", day) for place, entry in enumerate(read_list(body, "faults"))]


def with_faults(rows: list[BillRow], faults: list[BillFault], day: str) -> list[BillRow]:
    """The rows as the bill tells them; a fault that names no row of the day does nothing."""
    of_day = [fault for fault in faults if fault.day in (None, day) and fault.kind not in _OF_THE_FILE]
    foreign = [_foreign(fault, day) for fault in of_day if fault.kind is BillFaultKind.ADD]
    if foreign:
        rows = sorted((*rows, *foreign), key=lambda row: row.at)
    by_number: dict[str, list[BillFault]] = defaultdict(list)
    for fault in of_day:
        if fault.kind is not BillFaultKind.ADD:
            by_number[fault.transaction_id or fault.out_trade_no or fault.out_refund_no or ""].append(fault)
    return [told for row in rows for told in _altered(row, by_number)]


def _altered(row: BillRow, by_number: Mapping[str, list[BillFault]]) -> list[BillRow]:
    found = [row]
    for number in dict.fromkeys((row.transaction_id, row.out_trade_no, row.out_refund_no)):
        for fault in by_number.get(number, ()):
            found = [
                told for each in found for told in (_ALTER[fault.kind](each, fault) if fault.fits(row) else [each])
            ]
    return found


def broken(text: str, faults: list[BillFault], day: str) -> tuple[str, str]:
    """The text as it is sent, and the hash that is told of it."""
    kinds = {fault.kind for fault in faults if fault.day in (None, day)}
    if BillFaultKind.HEADER in kinds:
        text = text.replace("微信订单号", "微信单号", 1)
    if BillFaultKind.SUMMARY in kinds:
        text = text.rstrip().replace(text.rstrip().rpartition("\n")[2].partition(",")[0], "`999999.0") + "\r\n"
    told = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    if BillFaultKind.HASH in kinds:
        told = told[::-1]
    if BillFaultKind.TRUNCATE in kinds:
        text = text[: len(text) * 2 // 3]
    return text, told


def _amount(row: BillRow, fault: BillFault) -> list[BillRow]:
    amount = fault.amount or 0
    return [replace(row, refund=amount) if row.out_refund_no else replace(row, total=amount)]


def _state(row: BillRow, fault: BillFault) -> list[BillRow]:
    state = fault.state or ""
    return [replace(row, refund_state=state) if row.out_refund_no else replace(row, trade_state=state)]


_ALTER: dict[BillFaultKind, Callable[[BillRow, BillFault], list[BillRow]]] = {
    BillFaultKind.DROP: lambda _row, _fault: [],
    BillFaultKind.REPEAT: lambda row, _fault: [row, row],
    BillFaultKind.AMOUNT: _amount,
    BillFaultKind.STATE: _state,
    BillFaultKind.APPID: lambda row, fault: [replace(row, appid=fault.appid or "")],
}


def _foreign(fault: BillFault, day: str) -> BillRow:
    """A row of something that the sandbox never saw."""
    amount = 1 if fault.amount is None else fault.amount
    row = BillRow(
        at=read_time(f"{day}{_NOON_IN_CHINA}") if fault.at is None else fault.at,
        appid=fault.appid or "wx0000000000000000",
        mchid=MCHID,
        transaction_id=fault.transaction_id or "",
        out_trade_no=fault.out_trade_no or "",
        openid="o-foreign",
        trade_state=fault.state or SUCCESS,
        currency="CNY",
        total=amount,
        description="foreign",
    )
    if fault.out_refund_no is None:
        return row
    return replace(
        row,
        trade_state=REFUND,
        total=0,
        refund_id=f"5030{fault.out_refund_no}"[:32],
        out_refund_no=fault.out_refund_no,
        refund=amount,
        refund_state=fault.state or SUCCESS,
    )


def _read_fault(entry: Any, where: str, day: str | None) -> BillFault:
    if not isinstance(entry, dict):
        raise Refused(f"{where} is not an object")
    read_only(entry, ("fault", "date", "billType", *_NAMES, "amount", "state", "appid", "at"), where)
    if "fault" not in entry:
        raise Refused(f"{where} needs fault, one of: {', '.join(BillFaultKind)}")
    kind = read_choice(entry, "fault", BillFaultKind, BillFaultKind.DROP)
    if kind in _NEEDS and _NEEDS[kind] not in entry:
        raise Refused(f"{where} needs {_NEEDS[kind]}")
    if kind not in _OF_THE_FILE and not entry.keys() & set(_NAMES):
        raise Refused(f"{where} needs one of: {', '.join(_NAMES)}")
    if kind is BillFaultKind.ADD and not {"transactionId", "outTradeNo"} <= entry.keys():
        raise Refused(f"{where} needs transactionId and outTradeNo")
    return BillFault(
        kind,
        _read_day(entry, where) or day,
        read_choice(entry, "billType", BillType, BillType.ALL) if "billType" in entry else None,
        transaction_id=read_text(entry, "transactionId", where, longest=64),
        out_trade_no=read_text(entry, "outTradeNo", where, longest=64),
        out_refund_no=read_text(entry, "outRefundNo", where, longest=64),
        amount=read_integer(entry, "amount", _AMOUNTS, where),
        state=read_text(entry, "state", where, longest=32),
        appid=read_text(entry, "appid", where, longest=32),
        at=_read_moment(entry, where),
    )


def _read_day(fields: Mapping[str, Any], where: str) -> str | None:
    text = read_text(fields, "date", where, longest=10)
    if text is not None and not is_day(text):
        raise Refused(f"{where}: date is not yyyy-MM-dd")
    return text


def is_day(text: str) -> bool:
    """Whether it is a date as in `2026-11-20`, with a neighbour on both sides in the calendar."""
    try:
        day = date.fromisoformat(text)
        _ = (day - timedelta(days=1), day + timedelta(days=1))
    except (ValueError, OverflowError):
        return False
    return day.isoformat() == text


def _read_moment(entry: Mapping[str, Any], where: str) -> float | None:
    text = read_text(entry, "at", where, longest=40)
    try:
        return None if text is None else read_time(text)
    except ValueError:
        raise Refused(f"{where}: at is no time in RFC 3339") from None
