"""Payments and refunds, as WeChat's books have them."""

from tortoise import fields
from tortoise.models import Model

from models.accounts import User
from models.orders import Order


class Payment(Model):
    """One transaction; amounts in fen. `kind` is a word of `domain.payments.PaymentKind`.

    `reserved` is what refunds have claimed, whatever became of them but CLOSED, in `parts` parts; `refunded` is what
    went back. `is_refund_unknown`: WeChat speaks of a refund that is not known here. `refund_sent_at`: WeChat takes
    one refund request a minute for a payment.
    """

    id = fields.CharField(max_length=30, primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="payments", on_delete=fields.RESTRICT
    )
    order_id: str
    transaction_id = fields.CharField(max_length=64, unique=True)
    kind = fields.CharField(max_length=10)
    total = fields.IntField()
    reserved = fields.IntField(default=0, db_default=0)
    refunded = fields.IntField(default=0, db_default=0)
    parts = fields.IntField(default=0, db_default=0)
    is_refund_unknown = fields.BooleanField(default=False, db_default=False)
    refund_sent_at = fields.DatetimeField(null=True)
    paid_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "payments"
        table_description = "payments"
        indexes = (("order_id",),)


class Refund(Model):
    """One refund; `number` is its out_refund_no for life, `body` the exact bytes that WeChat is sent.

    `source` is a word of `domain.refunds.RefundSource`; `key` is the operator's idempotency key, for the system's own
    the reason, for the console's the number. `refund_id` is WeChat's, there once it accepted. `refused_at`: WeChat
    refused for good once; the second time closes it.
    """

    id = fields.CharField(max_length=30, primary_key=True)
    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "models.Payment", related_name="refunds", on_delete=fields.RESTRICT
    )
    payment_id: str
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="refunds", on_delete=fields.RESTRICT
    )
    order_id: str
    operator: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="refunds_made", on_delete=fields.RESTRICT, null=True
    )
    operator_id: str | None
    number = fields.CharField(max_length=64, unique=True)
    source = fields.CharField(max_length=10)
    key = fields.CharField(max_length=128)
    input_hash = fields.CharField(max_length=64, null=True)
    amount = fields.IntField()
    reason = fields.CharField(max_length=80, null=True)
    body = fields.TextField()
    status = fields.CharField(max_length=20)
    refund_id = fields.CharField(max_length=64, null=True)
    sent_at = fields.DatetimeField(null=True)
    refused_at = fields.DatetimeField(null=True)
    asked_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    completed_at = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField(null=True)
    leased_until = fields.DatetimeField(null=True)

    class Meta:
        table = "refunds"
        table_description = "refunds"
        unique_together = (("order_id", "source", "key"),)
        indexes = (("payment_id",), ("due_at",), ("operator_id",), ("status", "id"))
