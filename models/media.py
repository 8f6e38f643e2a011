"""Pictures that users uploaded: whose they are; the files themselves are in the media store, under their key."""

from tortoise import fields
from tortoise.models import Model

from models.accounts import User


class Media(Model):
    """One user's claim on one file. With `released_at` the file is owed to removal, and the row goes after it."""

    id = fields.CharField(max_length=30, primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="media", on_delete=fields.RESTRICT
    )
    user_id: str
    key = fields.CharField(max_length=120, db_index=True)
    created_at = fields.DatetimeField()
    released_at = fields.DatetimeField(null=True)

    class Meta:
        table = "media"
        table_description = "media"
        unique_together = (("user_id", "key"),)
