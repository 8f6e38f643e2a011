from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0004_worker")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Order",
            name="answered_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Reconciliation",
            name="outcome",
            field=fields.CharField(default="compared", db_default="compared", max_length=10),
        ),
        ops.AddIndex(
            model_name="Refund",
            index=Index(fields=["operator_id"]),
        ),
        ops.AddIndex(
            model_name="Refund",
            index=Index(fields=["status", "id"]),
        ),
    ]
