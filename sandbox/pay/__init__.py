"""WeChat Pay v3 as the sandbox plays it: keys, checks, orders, refunds, certificates, notifications."""
