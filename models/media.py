"""Pictures that users uploaded: whose they are; the files themselves are in the media store, under their key."""

from tortoise import fields
from tortoise.models import Model

from models.accounts import User


class Media(Model):
    """One user's claim on one file. Equal files have one key, so that several users may hold it."""

    id = fields.CharField(max_length=30, primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="media", on_delete=fields.RESTRICT
    )
    user_id: str
    key = fields.CharField(max_length=120, db_index=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "media"
        table_description = "media"
        unique_together = (("user_id", "key"),)
