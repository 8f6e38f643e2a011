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
        ops.AddIndex(
            model_name="Refund",
            index=Index(fields=["operator_id"]),
        ),
        ops.AddIndex(
            model_name="Refund",
            index=Index(fields=["status", "id"]),
        ),
    ]
