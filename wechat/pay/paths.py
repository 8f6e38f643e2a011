"""The paths of WeChat Pay, as templates: what stands in errors and logs has no number of an order."""

JSAPI = "/v3/pay/transactions/jsapi"
BY_OUT_TRADE_NO = "/v3/pay/transactions/out-trade-no/{out_trade_no}"
BY_TRANSACTION_ID = "/v3/pay/transactions/id/{transaction_id}"
CLOSE = "/v3/pay/transactions/out-trade-no/{out_trade_no}/close"
REFUNDS = "/v3/refund/domestic/refunds"
REFUND = "/v3/refund/domestic/refunds/{out_refund_no}"
CERTIFICATES = "/v3/certificates"
