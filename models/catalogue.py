"""The catalogue: what is for sale. A product is withdrawn, never deleted, since orders name it."""

from tortoise import fields
from tortoise.models import Model

from models.accounts import User


class Product(Model):
    """`price` in fen; `stock` is NULL where it is not counted.

    `operator` and `idempotency_key` say who made it by the API, `import_key` which line of an import it comes from.
    """

    id = fields.CharField(max_length=30, primary_key=True)
    title = fields.CharField(max_length=128)
    description = fields.TextField(null=True)
    image_url = fields.CharField(max_length=1024, null=True)
    price = fields.IntField()
    stock = fields.IntField(null=True)
    for_sale = fields.BooleanField(default=True, db_default=True)
    operator: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="products_made", on_delete=fields.RESTRICT, null=True
    )
    operator_id: str | None
    idempotency_key = fields.CharField(max_length=128, null=True)
    input_hash = fields.CharField(max_length=64, null=True)
    import_key = fields.CharField(max_length=64, null=True, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "products"
        table_description = "products"
        unique_together = (("operator_id", "idempotency_key"),)
        indexes = (("for_sale", "id"),)
