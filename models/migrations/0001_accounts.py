from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Incident",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                ("kind", fields.CharField(max_length=40)),
                ("subject", fields.CharField(max_length=64)),
                ("reference", fields.CharField(default="", db_default="", max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("resolved_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "incidents",
                "app": "models",
                "unique_together": (("kind", "subject", "reference"),),
                "pk_attr": "id",
                "table_description": "incidents",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="User",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                ("unionid", fields.CharField(null=True, unique=True, max_length=128)),
                ("nickname", fields.CharField(null=True, max_length=64)),
                ("avatar_url", fields.CharField(null=True, max_length=1024)),
                ("gender", fields.SmallIntField(default=0, db_default=0)),
                ("country", fields.CharField(null=True, max_length=64)),
                ("province", fields.CharField(null=True, max_length=64)),
                ("city", fields.CharField(null=True, max_length=64)),
                ("language", fields.CharField(null=True, max_length=16)),
                (
                    "merged_into",
                    fields.ForeignKeyField(
                        "models.User",
                        source_field="merged_into_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="merged",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "users", "app": "models", "pk_attr": "id", "table_description": "users"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Identity",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "models.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="identities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("appid", fields.CharField(max_length=32)),
                ("openid", fields.CharField(max_length=128)),
                ("unionid", fields.CharField(null=True, max_length=128)),
                ("session_key", fields.CharField(max_length=255)),
                ("previous_session_key", fields.CharField(null=True, max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identities",
                "app": "models",
                "unique_together": (("appid", "openid"),),
                "indexes": [Index(fields=["user_id"])],
                "pk_attr": "id",
                "table_description": "identities",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                (
                    "identity",
                    fields.ForeignKeyField(
                        "models.Identity",
                        source_field="identity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_used_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sessions",
                "app": "models",
                "indexes": [Index(fields=["identity_id"])],
                "pk_attr": "id",
                "table_description": "sessions",
            },
            bases=["Model"],
        ),
    ]
