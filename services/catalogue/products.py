"""Products: everybody sees what is for sale, operators see and change everything."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tortoise.expressions import F

from domain.catalogue import (
    MOST_STOCK,
    KeptPicture,
    StockChange,
    check_fields,
    check_key,
    check_stock_change,
    stock_change_refused,
)
from domain.clock import Clock
from domain.ids import Prefix, is_id, new_id
from domain.pages import Cursor, Page
from domain.problems import Forbidden, InputIssue, InvalidInput, ProblemCode, Refusal
from models.accounts import User
from models.catalogue import Product
from models.unit_of_work import RacedError, UnitsOfWork
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.pages import page_of

NOT_AN_OPERATOR = "Operators only."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Wanted:
    """A product that an operator wants to make: a clean key and clean fields."""

    key: str
    fields: Mapping[str, Any]

    @property
    def input_hash(self) -> str:
        """The same for the same fields: 64 characters."""
        return hashlib.sha256(json.dumps(self.fields, sort_keys=True).encode()).hexdigest()


class Products:
    """Finds, makes and changes products; raises Unavailable when the database does not answer."""

    def __init__(self, units: UnitsOfWork, kept_picture: KeptPicture, clock: Clock) -> None:
        self._units = units
        self._kept_picture = kept_picture
        self._clock = clock

    async def page(self, first: int, after: Cursor | None, *, all_of_them: bool) -> Page[Product]:
        """Newest first, by one statement or two; without `all_of_them` only what is for sale."""
        return await self._units.read(_page, first, after, all_of_them)

    async def by_id(self, product_id: str, *, all_of_them: bool) -> Product | None:
        """None where there is none, and without `all_of_them` where it is not for sale."""
        if not is_id(Prefix.PRODUCT, product_id):
            return None
        product = await self._units.read(_by_id, product_id)
        return product if product is not None and (product.for_sale or all_of_them) else None

    async def create(self, viewer: Viewer, key: str, given: Mapping[str, Any]) -> Product:
        """A new product, or the one that the same operator made with the same key and input.

        `given` has every field by its name here, `stock` None where it is not counted. Raises Forbidden, InvalidInput
        with every issue, and Refusal IDEMPOTENCY_CONFLICT for a key that was used with another input.
        """
        cleaned = check_key("idempotencyKey", key)
        fields, issues = check_fields(given, self._kept_picture)
        if isinstance(cleaned, InputIssue) or issues:
            raise InvalidInput([*([cleaned] if isinstance(cleaned, InputIssue) else []), *issues])
        return await self._units.run_again_if_raced(self._create, viewer, _Wanted(cleaned, fields))

    async def update(
        self, viewer: Viewer, product_id: str, given: Mapping[str, Any], stock: StockChange | None = None
    ) -> Product:
        """The product after the change; a field that is absent from `given` stays, None clears it.

        Where `given` names `stock`, its change is in `stock`. Raises Forbidden, InvalidInput with every issue, and
        Refusal PRODUCT_NOT_FOUND.
        """
        fields, issues = check_fields({name: given[name] for name in given if name != "stock"}, self._kept_picture)
        issue = check_stock_change(stock) if "stock" in given else None
        if issues or issue:
            raise InvalidInput([*issues, *([issue] if issue else [])])
        if not is_id(Prefix.PRODUCT, product_id):
            raise _not_found()
        return await self._units.run_again_if_raced(_update, viewer, product_id, fields, stock)

    async def _create(self, viewer: Viewer, wanted: _Wanted) -> Product:
        operator = await _held_operator(viewer)
        known = await Product.filter(operator_id=operator.id, idempotency_key=wanted.key).first()
        if known is not None:
            if known.input_hash != wanted.input_hash:
                message = "This idempotencyKey was used with another input; draw a new one for a new product."
                raise Refusal(ProblemCode.IDEMPOTENCY_CONFLICT, message)
            return known
        now = self._clock()
        product = await Product.create(
            id=new_id(Prefix.PRODUCT, now),
            operator=operator,
            idempotency_key=wanted.key,
            input_hash=wanted.input_hash,
            created_at=now,
            **wanted.fields,
        )
        logger.info("product made", extra={"product": product.id, "operator": operator.id})
        return product


async def _page(first: int, after: Cursor | None, all_of_them: bool) -> Page[Product]:
    return await page_of(Product.all() if all_of_them else Product.filter(for_sale=True), first, after)


async def _by_id(product_id: str) -> Product | None:
    return await Product.filter(id=product_id).first()


async def _held_operator(viewer: Viewer) -> User:
    """Raises Forbidden where the role was taken away since the request began."""
    user = await hold_owner(viewer.identity.id)
    if not user.is_operator:
        raise Forbidden(NOT_AN_OPERATOR)
    return user


async def _update(viewer: Viewer, product_id: str, fields: Mapping[str, Any], stock: StockChange | None) -> Product:
    operator = await _held_operator(viewer)
    await _write(product_id, fields, stock)
    product = await _by_id(product_id)
    if product is None:
        raise _not_found()
    logger.info("product changed", extra={"product": product_id, "operator": operator.id})
    return product


async def _write(product_id: str, fields: Mapping[str, Any], stock: StockChange | None) -> None:
    """One statement for everything: what is sold meanwhile is neither lost nor given back."""
    rows, changes = Product.filter(id=product_id), dict(fields)
    if stock is not None and stock.by is not None:
        rows = rows.filter(stock__gte=-stock.by, stock__lte=MOST_STOCK - stock.by)
        changes["stock"] = F("stock") + stock.by
    elif stock is not None:
        changes["stock"] = stock.set_to
    if changes and not await rows.update(**changes) and stock is not None and stock.by is not None:
        await _explain(product_id, stock.by)


async def _explain(product_id: str, by: int) -> None:
    """Raises InvalidInput for a stock that does not allow the change, RacedError where it would by now."""
    product = await _by_id(product_id)
    if product is None:
        return
    if product.stock is not None and 0 <= product.stock + by <= MOST_STOCK:
        raise RacedError
    raise InvalidInput([stock_change_refused(by, product.stock)])


def _not_found() -> Refusal:
    return Refusal(ProblemCode.PRODUCT_NOT_FOUND, "There is no product with this id.")
