"""Shares: the cards that users send, who opened them, and who first came through one."""

from tortoise import fields
from tortoise.models import Model

from models.accounts import User


class Share(Model):
    """A page and a title that a user shares; the same again is the same share (`content_hash`)."""

    id = fields.CharField(max_length=30, primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="shares", on_delete=fields.RESTRICT
    )
    user_id: str
    appid = fields.CharField(max_length=32)
    code = fields.CharField(max_length=32, unique=True)
    page = fields.CharField(max_length=1024)
    title = fields.CharField(max_length=128)
    image_url = fields.CharField(max_length=1024, null=True)
    content_hash = fields.CharField(max_length=64)
    code_image_key = fields.CharField(max_length=120, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "shares"
        table_description = "shares"
        unique_together = (("user_id", "content_hash"),)


class ShareVisit(Model):
    """Somebody else opened a share; counted once for a user and a share."""

    id = fields.CharField(max_length=30, primary_key=True)
    share: fields.ForeignKeyRelation[Share] = fields.ForeignKeyField(
        "models.Share", related_name="visits", on_delete=fields.RESTRICT
    )
    share_id: str
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="visits", on_delete=fields.RESTRICT
    )
    user_id: str
    created_at = fields.DatetimeField()

    class Meta:
        table = "share_visits"
        table_description = "share_visits"
        unique_together = (("share_id", "user_id"),)
        indexes = (("user_id",),)


class Attribution(Model):
    """Somebody first came through a share. `person` is a keyed hash of appid and openid and outlives the account."""

    id = fields.CharField(max_length=30, primary_key=True)
    share: fields.ForeignKeyRelation[Share] = fields.ForeignKeyField(
        "models.Share", related_name="attributions", on_delete=fields.RESTRICT
    )
    share_id: str
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="attributions", on_delete=fields.RESTRICT
    )
    user_id: str
    person = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "attributions"
        table_description = "attributions"
        indexes = (("share_id",), ("user_id",))
