"""Orders that are due: rows as placing an order leaves them, without the work of placing it."""

from datetime import UTC, datetime, timedelta

from domain.ids import Prefix, new_id
from domain.orders import new_number
from models.accounts import User
from models.catalogue import Product
from models.orders import Order, OrderItem
from tests.shop import Shop

_PRICE = 100
_OVER = timedelta(minutes=40)
"""Since they were made: no rung of the ladder is left, and their end is far."""


async def insert_due(shop: Shop, many: int) -> None:
    """Unpaid orders of one user that are due now; WeChat does not know them."""

    async def insert() -> None:
        now = datetime.now(UTC)
        user = await User.create(id=new_id(Prefix.USER, now), unpaid_orders=many, created_at=now)
        tea = await Product.create(id=new_id(Prefix.PRODUCT, now), title="tea", price=_PRICE, created_at=now)
        orders = [_order(user, number, now) for number in range(many)]
        await Order.bulk_create(orders)
        await OrderItem.bulk_create([_item(order, tea, now) for order in orders])

    await shop.units.run(insert)


def _order(user: User, place: int, now: datetime) -> Order:
    return Order(
        id=new_id(Prefix.ORDER, now),
        user=user,
        number=new_number(now),
        idempotency_key=f"due-{place}",
        input_hash="0" * 64,
        mchid="1900000001",
        appid="wx0000000000000001",
        payer="0" * 64,
        total=_PRICE,
        status="PENDING",
        prepay_body="",
        created_at=now - _OVER,
        expires_at=now + timedelta(minutes=60),
        due_at=now - timedelta(seconds=1),
    )


def _item(order: Order, product: Product, now: datetime) -> OrderItem:
    return OrderItem(
        id=new_id(Prefix.ITEM, now),
        order_id=order.id,
        product_id=product.id,
        place=0,
        title=product.title,
        unit_price=_PRICE,
        quantity=1,
    )


async def still_due(shop: Shop) -> tuple[int, int]:
    """How many orders are due, and how many are leased, by the clock of the shop's sandbox."""
    now = datetime.fromtimestamp(shop.sandbox.wechat.clock.now(), UTC)

    async def count() -> tuple[int, int]:
        due = Order.filter(due_at__lte=now)
        return await due.count(), await Order.filter(leased_until__isnull=False).count()

    return await shop.read(count)
