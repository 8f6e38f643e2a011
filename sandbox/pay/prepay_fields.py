"""The fields of the requests that create and close an order, with WeChat Pay's limits.

https://pay.weixin.qq.com/doc/v3/merchant/4012791897
"""

from sandbox.pay.schema import Choice, Fields, Flag, ListOf, Text, Whole

NOTIFY_URL = r"https?://[^/?#\s@]+(/[^?#\s]*)?"
"""http and hosts of this machine are taken here, which WeChat refuses; a query string never is."""

_GOODS = Fields(
    {
        "merchant_goods_id": Text(32, required=True),
        "wechatpay_goods_id": Text(32),
        "goods_name": Text(256),
        "quantity": Whole(1, required=True),
        "unit_price": Whole(required=True),
    }
)
_DETAIL = Fields(
    {"cost_price": Whole(), "invoice_id": Text(32), "goods_detail": ListOf(_GOODS, 6000)},
    most_bytes=6144,
)
_SCENE = Fields(
    {
        "payer_client_ip": Text(45, required=True),
        "device_id": Text(32),
        "store_info": Fields(
            {"id": Text(32, required=True), "name": Text(256), "area_code": Text(32), "address": Text(512)}
        ),
    }
)
PREPAY = Fields(
    {
        "appid": Text(32, required=True),
        "mchid": Text(32, required=True),
        # In bytes, which is the stricter reading of the documents.
        "description": Text(127, in_bytes=True, required=True),
        "out_trade_no": Text(32, 6, r"[0-9A-Za-z_\-|*]+", required=True),
        "time_expire": Text(64),
        "attach": Text(128),
        "notify_url": Text(255, pattern=NOTIFY_URL, required=True),
        "goods_tag": Text(32),
        "support_fapiao": Flag(),
        "amount": Fields({"total": Whole(1, required=True), "currency": Choice(("CNY",))}, required=True),
        "payer": Fields({"openid": Text(128, required=True)}, required=True),
        "detail": _DETAIL,
        "scene_info": _SCENE,
        "settle_info": Fields({"profit_sharing": Flag()}),
        "limit_pay": ListOf(Text(32), 10),
    }
)
CLOSE = Fields({"mchid": Text(32, required=True)})
