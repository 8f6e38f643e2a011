"""The ledger: every movement of money, only ever added to; all amounts can be recomputed from it."""

from tortoise import fields
from tortoise.models import Model

from models.orders import Order
from models.payments import Payment


class LedgerEntry(Model):
    """`amount` in fen, positive for a payment, negative for a refund; `reference` is WeChat's transaction or refund.

    `reference` is unique: whoever brings a piece of news twice books it once.
    """

    id = fields.CharField(max_length=30, primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="ledger", on_delete=fields.RESTRICT
    )
    order_id: str
    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "models.Payment", related_name="ledger", on_delete=fields.RESTRICT
    )
    payment_id: str
    amount = fields.IntField()
    reference = fields.CharField(max_length=80, unique=True)
    happened_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "ledger"
        table_description = "ledger"
        indexes = (("order_id",), ("payment_id",))
