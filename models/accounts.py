"""People: a user, the identities a user has in mini programs, and the sessions of identities.

Session → Identity → User: a session does not name its user, so that joining two users is an update of identities.

Each table has a `table_description`, since Tortoise would else put the docstring into SQL, where a semicolon ends it.
"""

from tortoise import fields
from tortoise.models import Model


class User(Model):
    """A person. Who was joined to an older user stays as a row with `merged_into`, who was deleted as an empty one."""

    id = fields.CharField(max_length=30, primary_key=True)
    unionid = fields.CharField(max_length=128, null=True, unique=True)
    nickname = fields.CharField(max_length=64, null=True)
    avatar_url = fields.CharField(max_length=1024, null=True)
    gender = fields.SmallIntField(default=0, db_default=0)
    country = fields.CharField(max_length=64, null=True)
    province = fields.CharField(max_length=64, null=True)
    city = fields.CharField(max_length=64, null=True)
    language = fields.CharField(max_length=16, null=True)
    merged_into: fields.ForeignKeyNullableRelation["User"] = fields.ForeignKeyField(
        "models.User", related_name="merged", on_delete=fields.RESTRICT, null=True
    )
    merged_into_id: str | None
    is_operator = fields.BooleanField(default=False, db_default=False)
    unpaid_orders = fields.IntField(default=0, db_default=0)
    created_at = fields.DatetimeField()
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "users"
        table_description = "users"


class Identity(Model):
    """A user in one mini program. session_keys are WeChat's, encrypted, the current and the one before."""

    id = fields.CharField(max_length=30, primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="identities", on_delete=fields.RESTRICT
    )
    user_id: str
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=128)
    unionid = fields.CharField(max_length=128, null=True)
    session_key = fields.CharField(max_length=255)
    previous_session_key = fields.CharField(max_length=255, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "identities"
        table_description = "identities"
        unique_together = (("appid", "openid"),)
        indexes = (("user_id",),)


class Session(Model):
    """A sign-in. The token itself is nowhere: `token_hash` is the hexadecimal SHA-256 of it."""

    id = fields.CharField(max_length=30, primary_key=True)
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="sessions", on_delete=fields.RESTRICT
    )
    identity_id: str
    token_hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField()

    class Meta:
        table = "sessions"
        table_description = "sessions"
        indexes = (("identity_id",),)


class Phone(Model):
    """A user's number in E.164, sealed; `blind_index` is a keyed hash of it, so that a number has one holder."""

    id = fields.CharField(max_length=30, primary_key=True)
    user: fields.OneToOneRelation[User] = fields.OneToOneField(
        "models.User", related_name="phone", on_delete=fields.RESTRICT
    )
    user_id: str
    number = fields.CharField(max_length=255)
    country_code = fields.CharField(max_length=8)
    blind_index = fields.CharField(max_length=64, unique=True)
    bound_at = fields.DatetimeField()

    class Meta:
        table = "phones"
        table_description = "phones"
