from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0003_catalogue_and_orders")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Job",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("leased_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("detail", fields.CharField(default="", db_default="", max_length=200)),
            ],
            options={
                "table": "jobs",
                "app": "models",
                "indexes": [Index(fields=["due_at"])],
                "pk_attr": "id",
                "table_description": "jobs",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OrderEvent",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                (
                    "order",
                    fields.ForeignKeyField(
                        "models.Order",
                        source_field="order_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="events",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("what", fields.CharField(max_length=32)),
                ("detail", fields.CharField(default="", db_default="", max_length=200)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "order_events",
                "app": "models",
                "indexes": [Index(fields=["order_id", "id"])],
                "pk_attr": "id",
                "table_description": "order_events",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=30)),
                ("bill_date", fields.CharField(max_length=10)),
                ("lines", fields.IntField()),
                ("repaired", fields.IntField()),
                ("alarms", fields.IntField()),
                ("report", fields.TextField(unique=False)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "reconciliations",
                "app": "models",
                "indexes": [Index(fields=["bill_date", "id"])],
                "pk_attr": "id",
                "table_description": "reconciliations",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Incident",
            name="alerted_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Incident",
            name="due_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Incident",
            name="leased_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Incident",
            name="resolution",
            field=fields.CharField(null=True, max_length=200),
        ),
        ops.AddIndex(
            model_name="Incident",
            index=Index(fields=["due_at"]),
        ),
        ops.AddIndex(
            model_name="Incident",
            index=Index(fields=["resolved_at"]),
        ),
    ]
