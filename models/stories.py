"""The story of an order: what was asked of WeChat, what it answered, and what moved; for the operator to read."""

from tortoise import fields
from tortoise.models import Model

from models.orders import Order


class OrderEvent(Model):
    """One line of a story. `what` is a word of `domain.stories.Told`; `detail` holds codes and numbers alone."""

    id = fields.CharField(max_length=30, primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="events", on_delete=fields.RESTRICT
    )
    order_id: str
    what = fields.CharField(max_length=32)
    detail = fields.CharField(max_length=200, default="", db_default="")
    at = fields.DatetimeField()

    class Meta:
        table = "order_events"
        table_description = "order_events"
        indexes = (("order_id", "id"),)
