"""Orders: placed, paid with WeChat Pay, asked about, cancelled."""
