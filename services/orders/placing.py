"""Placing an order: prices from the database, stock, the limit and the exact prepay body, all in one unit.

WeChat is not called here: what it may hear of is committed first.
"""

from collections.abc import Mapping, Sequence

from domain import orders as rules
from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.money import MOST, Fen, total_of
from domain.problems import InputIssue, InvalidInput, PriceChanged, ProblemCode, ProductUnavailable, Refusal
from models.accounts import User
from models.catalogue import Product
from models.encryption import Cipher
from models.orders import Order, OrderItem
from models.unit_of_work import UnitsOfWork
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.keyed_hashes import KeyedHashes
from services.orders.inputs import Wanted
from services.orders.stock import take
from services.orders.unpaid import one_more
from services.payments.pay_access import PayAccess
from wechat.pay.prepay import description_of, prepay_body


class Placing:
    """Places orders; raises Unavailable when the database does not answer."""

    def __init__(
        self, units: UnitsOfWork, cipher: Cipher, hashes: KeyedHashes, clock: Clock, access: PayAccess
    ) -> None:
        self._units = units
        self._cipher = cipher
        self._hashes = hashes
        self._clock = clock
        self._access = access

    async def place(self, viewer: Viewer, wanted: Wanted) -> Order:
        """The order of this key, a new one only where there was none.

        Raises Refusal IDEMPOTENCY_CONFLICT or TOO_MANY_UNPAID_ORDERS, PriceChanged, ProductUnavailable, OutOfStock,
        InvalidInput; none of them uses up the key.
        """
        await self._hashes.ready()
        return await self._units.run_again_if_raced(self._write, viewer, wanted)

    async def _write(self, viewer: Viewer, wanted: Wanted) -> Order:
        user = await hold_owner(viewer.identity.id)
        known = await Order.filter(user_id=user.id, idempotency_key=wanted.key).first()
        if known is not None:
            return _same(known, wanted)
        products = await _for_sale(wanted)
        total = _total(products, wanted)
        await one_more(user.id)
        taken = await take(products, wanted.quantities)
        order = await self._insert(user, viewer, wanted, products, total)
        await _insert_items(order, products, wanted.quantities, taken)
        return order

    async def _insert(
        self, user: User, viewer: Viewer, wanted: Wanted, products: Sequence[Product], total: Fen
    ) -> Order:
        now = self._clock()
        number, identity = rules.new_number(now), viewer.identity
        expires_at = (now + self._access.order_life).replace(microsecond=0)
        body = prepay_body(
            appid=identity.appid,
            mchid=self._access.pay().merchant.mchid,
            description=description_of(products[0].title),
            out_trade_no=number,
            time_expire=expires_at,
            notify_url=self._access.notify_url,
            total=total,
            openid=identity.openid,
        )
        return await Order.create(
            id=new_id(Prefix.ORDER, now),
            user=user,
            number=number,
            idempotency_key=wanted.key,
            input_hash=wanted.input_hash,
            mchid=self._access.pay().merchant.mchid,
            appid=identity.appid,
            payer=await self._hashes.person(identity.appid, identity.openid),
            total=total,
            remark=wanted.remark,
            status=rules.OrderStatus.PENDING,
            prepay_body=self._cipher.seal(body.decode()),
            created_at=now,
            expires_at=expires_at,
            due_at=rules.next_question(now, expires_at, now),
        )


def _same(known: Order, wanted: Wanted) -> Order:
    if known.input_hash != wanted.input_hash:
        message = "This idempotencyKey was used with another input; draw a new one for a new order."
        raise Refusal(ProblemCode.IDEMPOTENCY_CONFLICT, message)
    return known


async def _for_sale(wanted: Wanted) -> list[Product]:
    """In the order of the lines."""
    found = {product.id: product for product in await Product.filter(id__in=list(wanted.quantities), for_sale=True)}
    for product_id in wanted.quantities:
        if product_id not in found:
            raise ProductUnavailable(product_id)
    return [found[product_id] for product_id in wanted.quantities]


def _total(products: Sequence[Product], wanted: Wanted) -> Fen:
    total = total_of((Fen(product.price), wanted.quantities[product.id]) for product in products)
    if total > MOST:
        raise InvalidInput([InputIssue("items", f"cost more than {MOST} fen together")])
    if wanted.expected_total is not None and wanted.expected_total != total:
        raise PriceChanged(total)
    return total


async def _insert_items(
    order: Order, products: Sequence[Product], quantities: Mapping[str, int], taken: set[str]
) -> None:
    lines = [_line(order, place, product, quantities, taken) for place, product in enumerate(products)]
    await OrderItem.bulk_create(lines)


def _line(order: Order, place: int, product: Product, quantities: Mapping[str, int], taken: set[str]) -> OrderItem:
    return OrderItem(
        id=new_id(Prefix.ITEM, order.created_at),
        order=order,
        product=product,
        place=place,
        title=product.title,
        unit_price=product.price,
        quantity=quantities[product.id],
        stock_taken=product.id in taken,
    )
