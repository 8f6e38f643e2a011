"""Orders: what was sold at which price, and how far asking WeChat for the money has come."""

from tortoise import fields
from tortoise.models import Model

from models.accounts import User
from models.catalogue import Product


class Order(Model):
    """One sale. `number` is its out_trade_no for life; amounts are in fen.

    `payer` is a keyed hash of appid and openid: the openid itself is only in `prepay_body`, sealed, the exact bytes
    that WeChat is sent. `attempt_until`: a prepay may be under way until then. `close_wanted_at`: no parameters any
    more, the order is being closed. `held_at`: the operator has to decide first. `trade_state` is WeChat's last word.
    `asked_at`: somebody's syncOrder took the turn to ask; `answered_at` equals it once WeChat answered, and is later
    where WeChat gave no answer.
    `due_at` and `leased_until` are the worker's: when it is to look at the order next, and whose turn it is.
    """

    id = fields.CharField(max_length=30, primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="orders", on_delete=fields.RESTRICT
    )
    user_id: str
    number = fields.CharField(max_length=32, unique=True)
    idempotency_key = fields.CharField(max_length=128)
    input_hash = fields.CharField(max_length=64)
    mchid = fields.CharField(max_length=32)
    appid = fields.CharField(max_length=32)
    payer = fields.CharField(max_length=64)
    total = fields.IntField()
    refunded = fields.IntField(default=0, db_default=0)
    remark = fields.TextField(null=True)
    status = fields.CharField(max_length=20)
    prepay_body = fields.TextField()
    prepay_id = fields.CharField(max_length=64, null=True)
    attempt_until = fields.DatetimeField(null=True)
    close_wanted_at = fields.DatetimeField(null=True)
    held_at = fields.DatetimeField(null=True)
    trade_state = fields.CharField(max_length=32, null=True)
    asked_at = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField(null=True)
    leased_until = fields.DatetimeField(null=True)

    class Meta:
        table = "orders"
        table_description = "orders"
        unique_together = (("user_id", "idempotency_key"),)
        indexes = (("user_id", "id"), ("status", "id"), ("due_at",))


class OrderItem(Model):
    """A line of an order, with title and price as sold. `stock_taken`: closing the order gives the quantity back."""

    id = fields.CharField(max_length=30, primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="items", on_delete=fields.RESTRICT
    )
    order_id: str
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name="sold", on_delete=fields.RESTRICT
    )
    product_id: str
    place = fields.SmallIntField()
    title = fields.CharField(max_length=128)
    unit_price = fields.IntField()
    quantity = fields.IntField()
    stock_taken = fields.BooleanField(default=False)

    class Meta:
        table = "order_items"
        table_description = "order_items"
        unique_together = (("order_id", "place"),)
        indexes = (("product_id",),)
