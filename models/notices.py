"""The inbox: each notification of WeChat Pay that was acknowledged, once."""

from tortoise import fields
from tortoise.models import Model

from models.orders import Order


class Notice(Model):
    """`notification_id` is WeChat's; `body` the sealed resource as it was decrypted."""

    id = fields.CharField(max_length=30, primary_key=True)
    notification_id = fields.CharField(max_length=64, unique=True)
    event_type = fields.CharField(max_length=32)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="notices", on_delete=fields.RESTRICT
    )
    order_id: str
    body = fields.TextField()
    received_at = fields.DatetimeField()

    class Meta:
        table = "notices"
        table_description = "notices"
        indexes = (("order_id",),)
