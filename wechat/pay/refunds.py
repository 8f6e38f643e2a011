"""The body that asks for a refund, made once and kept: a repetition must send the same bytes.

Follows "Apply for refund" of WeChat Pay's documentation.
"""

from wechat.api import encode_json
from wechat.errors import CallerBug
from wechat.pay.paths import REFUNDS
from wechat.pay.texts import checked_fen, checked_number, cut_to_bytes

_LONGEST_REASON = 80
_LONGEST_NOTIFY_URL = 256


def refund_body(
    *, transaction_id: str, out_refund_no: str, refund: int, total: int, notify_url: str, reason: str | None
) -> bytes:
    """The exact bytes to store and to send. `refund` and `total` are in fen; `reason` is cut to 80 bytes of UTF-8.

    Raises CallerBug for what WeChat's documentation forbids.
    """
    if not 0 < len(notify_url) <= _LONGEST_NOTIFY_URL:
        raise CallerBug(REFUNDS, "no usable notify_url")
    if checked_fen(REFUNDS, "refund", refund) > checked_fen(REFUNDS, "total", total):
        raise CallerBug(REFUNDS, "more than the order's total")
    return encode_json(
        {
            "transaction_id": checked_number(REFUNDS, "transaction_id", transaction_id),
            "out_refund_no": checked_number(REFUNDS, "out_refund_no", out_refund_no),
            **({"reason": cut_to_bytes(reason, _LONGEST_REASON)} if reason else {}),
            "notify_url": notify_url,
            "amount": {"refund": refund, "total": total, "currency": "CNY"},
        }
    )
