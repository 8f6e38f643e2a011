"""Keys of our own that must outlive a change of SECRET_KEYS: random, and sealed like everything else."""

from tortoise import fields
from tortoise.models import Model


class SealedKey(Model):
    """A key by its name; drawn once, sealed again when SECRET_KEYS are rotated."""

    name = fields.CharField(max_length=40, primary_key=True)
    value = fields.CharField(max_length=255)
    created_at = fields.DatetimeField()

    class Meta:
        table = "sealed_keys"
        table_description = "sealed_keys"
