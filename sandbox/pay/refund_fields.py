"""The fields of the request for a refund, with WeChat Pay's limits.

https://pay.weixin.qq.com/doc/v3/merchant/4012791903
"""

from sandbox.pay.prepay_fields import NOTIFY_URL
from sandbox.pay.schema import Choice, Fields, ListOf, Text, Whole

_FROM = Fields({"account": Choice(("AVAILABLE", "UNAVAILABLE"), required=True), "amount": Whole(1, required=True)})
_GOODS = Fields(
    {
        "merchant_goods_id": Text(32, required=True),
        "wechatpay_goods_id": Text(32),
        "goods_name": Text(256),
        "unit_price": Whole(required=True),
        "refund_amount": Whole(required=True),
        "refund_quantity": Whole(1, required=True),
    }
)
REFUND_REQUEST = Fields(
    {
        "transaction_id": Text(32),
        "out_trade_no": Text(32, 6),
        "out_refund_no": Text(64, pattern=r"[0-9A-Za-z_\-|*@]+", required=True),
        "reason": Text(80),
        "notify_url": Text(256, pattern=NOTIFY_URL),
        "funds_account": Choice(("AVAILABLE", "UNSETTLED")),
        "amount": Fields(
            {
                "refund": Whole(1, required=True),
                "total": Whole(1, required=True),
                "currency": Choice(("CNY",), required=True),
                "from": ListOf(_FROM, 10),
            },
            required=True,
        ),
        "goods_detail": ListOf(_GOODS, 3000),
    }
)
