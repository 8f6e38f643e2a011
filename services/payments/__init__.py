"""Payments: what WeChat says of them is settled here, once, whoever brings the news; and refunds."""
