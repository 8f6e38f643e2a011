from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0001_accounts")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Media",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "models.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="media",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("key", fields.CharField(db_index=True, max_length=120)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("released_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "media",
                "app": "models",
                "unique_together": (("user_id", "key"),),
                "pk_attr": "id",
                "table_description": "media",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Phone",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                (
                    "user",
                    fields.OneToOneField(
                        "models.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="phone",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("number", fields.CharField(max_length=255)),
                ("country_code", fields.CharField(max_length=8)),
                ("blind_index", fields.CharField(unique=True, max_length=64)),
                ("bound_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "phones", "app": "models", "pk_attr": "id", "table_description": "phones"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SealedKey",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("value", fields.CharField(max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "sealed_keys", "app": "models", "pk_attr": "name", "table_description": "sealed_keys"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Share",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "models.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="shares",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("appid", fields.CharField(max_length=32)),
                ("code", fields.CharField(unique=True, max_length=32)),
                ("page", fields.CharField(max_length=1024)),
                ("title", fields.CharField(max_length=128)),
                ("image_url", fields.CharField(null=True, max_length=1024)),
                ("content_hash", fields.CharField(max_length=64)),
                ("code_image_key", fields.CharField(null=True, max_length=120)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "shares",
                "app": "models",
                "unique_together": (("user_id", "content_hash"),),
                "pk_attr": "id",
                "table_description": "shares",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Attribution",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                (
                    "share",
                    fields.ForeignKeyField(
                        "models.Share",
                        source_field="share_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="attributions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "user",
                    fields.ForeignKeyField(
                        "models.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="attributions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("person", fields.CharField(unique=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "attributions",
                "app": "models",
                "indexes": [Index(fields=["share_id"]), Index(fields=["user_id"])],
                "pk_attr": "id",
                "table_description": "attributions",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ShareVisit",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                (
                    "share",
                    fields.ForeignKeyField(
                        "models.Share",
                        source_field="share_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="visits",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "user",
                    fields.ForeignKeyField(
                        "models.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="visits",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "share_visits",
                "app": "models",
                "unique_together": (("share_id", "user_id"),),
                "indexes": [Index(fields=["user_id"])],
                "pk_attr": "id",
                "table_description": "share_visits",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="User",
            name="deleted_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
