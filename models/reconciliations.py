"""Reconciliations: WeChat's bill of a day compared with the ledger, and what came of it."""

from tortoise import fields
from tortoise.models import Model


class Reconciliation(Model):
    """One run. `bill_date` as in `2026-11-20`; `report` is JSON, bounded; `alarms` are for the operator.

    `outcome`: `compared`, or what stood in the way, `no_bill` or `failed`, which leaves the day to be compared.
    """

    id = fields.CharField(max_length=30, primary_key=True)
    bill_date = fields.CharField(max_length=10)
    outcome = fields.CharField(max_length=10, default="compared", db_default="compared")
    lines = fields.IntField()
    repaired = fields.IntField()
    alarms = fields.IntField()
    report = fields.TextField()
    started_at = fields.DatetimeField()
    ended_at = fields.DatetimeField()

    class Meta:
        table = "reconciliations"
        table_description = "reconciliations"
        indexes = (("bill_date", "id"),)
