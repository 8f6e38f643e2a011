"""Work that comes round by itself: when each kind of it is next due, and whose turn it is."""

from tortoise import fields
from tortoise.models import Model


class Job(Model):
    """`id` is its name, a word of `domain.jobs`; `detail` says how the last run ended, or how far it came."""

    id = fields.CharField(max_length=40, primary_key=True)
    due_at = fields.DatetimeField(null=True)
    leased_until = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    detail = fields.CharField(max_length=200, default="", db_default="")

    class Meta:
        table = "jobs"
        table_description = "jobs"
        indexes = (("due_at",),)
