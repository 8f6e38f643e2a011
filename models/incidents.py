"""What an operator has to look at: one row for one thing, however often it is met."""

from tortoise import fields
from tortoise.models import Model


class Incident(Model):
    """`kind` is a word of `domain.incidents`, `subject` the id of the row it is about; holds no personal data.

    `resolution` is what the operator decided. `alerted_at`: the webhook has heard of it; `due_at` and `leased_until`
    are the worker's, which tells it.
    """

    id = fields.CharField(max_length=30, primary_key=True)
    kind = fields.CharField(max_length=40)
    subject = fields.CharField(max_length=64)
    reference = fields.CharField(max_length=64, default="", db_default="")
    created_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)
    resolution = fields.CharField(max_length=200, null=True)
    alerted_at = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField(null=True)
    leased_until = fields.DatetimeField(null=True)

    class Meta:
        table = "incidents"
        table_description = "incidents"
        unique_together = (("kind", "subject", "reference"),)
        indexes = (("due_at",), ("resolved_at",))
