"""Reconciliation: WeChat's bill of a day against payments, refunds and ledger; what can be mended is mended."""
