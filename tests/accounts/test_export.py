"""What an export holds of every column that there is: it is in it, or it is said why not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tortoise.models import Model

from models.accounts import Identity, Phone, Session, User
from models.catalogue import Product
from models.incidents import Incident
from models.jobs import Job
from models.ledger import LedgerEntry
from models.media import Media
from models.notices import Notice
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from models.reconciliations import Reconciliation
from models.sealed_keys import SealedKey
from models.sharing import Attribution, Share, ShareVisit
from models.stories import OrderEvent
from tests.accounts.operations import BIND_PHONE, EXPORT, UPDATE_PROFILE, do, phone_event
from tests.accounts.pictures import upload
from tests.keys.scanning import all_models
from tests.shop import Buyer, Shop, open_shop

pytestmark = pytest.mark.anyio

OWNER = "says whose it is, or where in the export it stands"
WORK = "how far the server's work has come"
HASH = "a keyed hash or a digest, which says nothing to anybody"
SECRET = "a key, sealed"
SEALED = "the bytes that WeChat was sent, sealed; what they say stands in other columns"
REPEATS = "the word that tells a repeat"

CREATE_SHARE = """mutation { createShare(input: {page: "pages/tea", title: "茶"}) {
  ... on CreateShareSuccess { share { code } } } }"""
OPEN_SHARE = "mutation ($input: OpenShareInput!) { openShare(input: $input) { __typename } }"


@dataclass(frozen=True)
class Exported:
    """A model whose rows stand at `path`: the columns that are shown, what is beside them, and why others are not."""

    path: tuple[str, ...]
    shown: str
    beside: str = ""
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        return {camel(name) for name in f"{self.shown} {self.beside}".split()}

    @property
    def columns(self) -> set[str]:
        return {*self.shown.split(), *(name for names in self.left_out for name in names.split())}


EXPORTED: dict[type[Model], Exported] = {
    User: Exported(
        ("user",),
        "id unionid nickname avatar_url gender country province city language is_operator created_at",
        left_out={
            "merged_into_id": "the younger of two joined users is under joinedUsers",
            "unpaid_orders": "a counter of what stands under orders",
            "deleted_at": "whoever asks is not deleted",
        },
    ),
    Identity: Exported(
        ("identities",),
        "appid openid unionid created_at",
        left_out={"id user_id": OWNER, "session_key previous_session_key": SECRET},
    ),
    Session: Exported(
        ("sessions",),
        "created_at last_used_at",
        beside="appid",
        left_out={"id identity_id": OWNER, "token_hash": HASH},
    ),
    Phone: Exported(
        ("phone",),
        "number country_code bound_at",
        left_out={"id user_id": OWNER, "blind_index": HASH},
    ),
    Media: Exported(
        ("media",),
        "key created_at",
        left_out={"id user_id": OWNER, "released_at": "what is being removed is no longer held"},
    ),
    Share: Exported(
        ("shares",),
        "id appid code page title image_url created_at",
        left_out={"user_id": OWNER, "content_hash": HASH, "code_image_key": "a picture of the code"},
    ),
    ShareVisit: Exported(("openedShares",), "share_id created_at", left_out={"id user_id": OWNER}),
    Attribution: Exported(("cameThrough",), "share_id created_at", left_out={"id user_id": OWNER, "person": HASH}),
    Order: Exported(
        ("orders",),
        "id number appid status trade_state total refunded remark created_at expires_at paid_at closed_at held_at",
        beside="items payments refunds",
        left_out={
            "user_id": OWNER,
            "mchid": "the merchant's number",
            "payer input_hash": HASH,
            "idempotency_key": REPEATS,
            "prepay_body prepay_id": SEALED,
            "attempt_until close_wanted_at asked_at answered_at due_at leased_until": WORK,
        },
    ),
    OrderItem: Exported(
        ("orders", "items"),
        "product_id title unit_price quantity",
        left_out={"id order_id place": OWNER, "stock_taken": WORK},
    ),
    Payment: Exported(
        ("orders", "payments"),
        "transaction_id kind total refunded paid_at",
        left_out={"id order_id": OWNER, "reserved parts is_refund_unknown refund_sent_at created_at": WORK},
    ),
    Refund: Exported(
        ("orders", "refunds"),
        "id number amount reason status created_at completed_at",
        left_out={
            "payment_id order_id": OWNER,
            "operator_id": "who refunded is about somebody else",
            "source refund_id sent_at refused_at asked_at due_at leased_until": WORK,
            "key": REPEATS,
            "input_hash": HASH,
            "body": SEALED,
        },
    ),
}

NOT_EXPORTED: dict[type[Model], str] = {
    Product: "the merchant's",
    Incident: "the merchant's notes, without personal data",
    LedgerEntry: "the merchant's books; each amount is that of a payment or refund under orders",
    Notice: "what WeChat Pay sent, sealed; what it changed stands under orders",
    OrderEvent: "the merchant's record of the work on an order, in codes and numbers",
    Reconciliation: "about no user",
    Job: "about no user",
    SealedKey: "about no user",
}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def rows_at(found: Any, path: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every row that stands at a path, through however many lists."""
    if isinstance(found, list):
        return [row for one in found for row in rows_at(one, path)]
    return rows_at(found[path[0]], path[1:]) if path else [found]


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    async with open_shop(database_url) as shop:
        yield shop


async def somebody_with_everything(shop: Shop) -> Buyer:
    """Came through a card, has a profile, a phone, a card of their own, and an order of which a part was refunded."""
    friend, operator, tea = await shop.buyer(), await shop.operator(), await shop.product(price=1250)
    code = (await do(shop, CREATE_SHARE, friend.token))["share"]["code"]
    openid = await shop.person(phone="13800138000")
    signed_in = await shop.sign_in(openid, share_code=code)
    buyer = Buyer(openid, signed_in["token"], signed_in["user"]["id"])
    _ = await do(shop, OPEN_SHARE, buyer.token, input={"code": code})
    _ = await do(shop, CREATE_SHARE, buyer.token)
    fields = {"nickname": "阿丽", "avatarUrl": await upload(shop, buyer.token)}
    _ = await do(shop, UPDATE_PROFILE, buyer.token, input={"fields": fields})
    _ = await do(shop, BIND_PHONE, buyer.token, input={"code": (await phone_event(shop, openid))["code"]})
    order = await shop.paid(buyer, tea)
    refunded = await shop.refund(operator, order["id"], 400, reason="少发一包")
    assert refunded["__typename"] == "RefundOrderSuccess", refunded
    return buyer


async def test_every_column_is_exported_or_left_out_for_a_reason(shop: Shop) -> None:
    # given
    buyer = await somebody_with_everything(shop)
    # when
    exported = (await shop.ask(EXPORT, buyer.token))["data"]["exportMyData"]
    # then
    assert set(all_models()) == EXPORTED.keys() | NOT_EXPORTED.keys()
    assert exported.keys() == {known.path[0] for known in EXPORTED.values()} | {"joinedUsers"}
    for model, known in EXPORTED.items():
        assert model._meta.db_fields == known.columns, model
        rows = rows_at(exported, known.path)
        assert len(rows) == 1, known.path
        assert rows[0].keys() == known.names, known.path
    [order] = exported["orders"]
    assert (order["refunds"][0]["reason"], order["total"]) == ("少发一包", 1250)
    assert exported["phone"]["countryCode"] == "86"
    assert exported["sessions"][0]["appid"] == exported["identities"][0]["appid"] == shop.appids[0]
