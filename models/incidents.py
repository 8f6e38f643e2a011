"""What an operator has to look at: one row for one thing, however often it is met."""

from tortoise import fields
from tortoise.models import Model


class Incident(Model):
    """`kind` is a word of `domain.incidents`, `subject` the id of the row it is about; holds no personal data."""

    id = fields.CharField(max_length=30, primary_key=True)
    kind = fields.CharField(max_length=40)
    subject = fields.CharField(max_length=64)
    reference = fields.CharField(max_length=64, default="", db_default="")
    created_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)

    class Meta:
        table = "incidents"
        table_description = "incidents"
        unique_together = (("kind", "subject", "reference"),)
