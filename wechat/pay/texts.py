"""Texts and numbers as WeChat Pay's fields limit them."""

import re

from wechat.errors import CallerBug

_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}", re.ASCII)


def cut_to_bytes(text: str, longest: int) -> str:
    """The beginning of `text` that has at most `longest` bytes in UTF-8, cut between two characters."""
    return text.encode("utf-8", errors="ignore")[:longest].decode("utf-8", errors="ignore")


def checked_number(path: str, name: str, number: str) -> str:
    """`number` where it can be an out_trade_no, an out_refund_no or a transaction_id; otherwise raises CallerBug."""
    if not _NUMBER.fullmatch(number):
        raise CallerBug(path, f"no usable {name}")
    return number


def checked_fen(path: str, name: str, amount: int) -> int:
    """`amount` where it is a whole number of fen above zero; otherwise raises CallerBug."""
    if type(amount) is not int or amount < 1:
        raise CallerBug(path, f"no usable {name}")
    return amount
