"""What operators do in tests: commands beside a running server, and orders that wait for their decision."""

import asyncio
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.catalogue import Product
from models.incidents import Incident
from services.payments.resolving import Resolving
from tests.process.forked import run
from tests.shop import Buyer, Shop

BY_TRANSACTION_PATH = "/v3/pay/transactions/id/{transaction_id}"


@dataclass
class HeldOrder:
    """An order that waits, the incidents in the order of their payments, and what it took from the stock of three."""

    order_id: str
    number: str
    incidents: list[str]
    transactions: list[str]
    buyer: Buyer
    product: Product


async def pay_by_itself(shop: Shop, number: str, **given: Any) -> str:
    """A payment that no phone asked for, told to the server; WeChat's number of it."""
    paid = await shop.order("payments", {"outTradeNo": number, **given})
    await shop.delivered()
    return str(paid["transactionId"])


async def held_order(shop: Shop, *differences: dict[str, Any]) -> HeldOrder:
    """An order of 1250 fen with one of three pieces, and a payment for each difference, the first of which differs."""
    buyer, product = await shop.buyer(), await shop.product(1250, stock=3)
    made = (await shop.ordered(buyer, product))["order"]
    transactions = [await pay_by_itself(shop, made["number"], **difference) for difference in differences]
    row = await shop.row(made["id"])
    assert (row.status, row.held_at is not None) == ("PENDING", True)

    async def ids() -> list[str]:
        return [it.id for it in await Incident.filter(subject=made["id"]).order_by("id")]

    return HeldOrder(made["id"], made["number"], await shop.read(ids), transactions, buyer, product)


async def incident(shop: Shop, incident_id: str) -> Incident:
    return await shop.read(lambda: Incident.get(id=incident_id))


def resolving(shop: Shop) -> Resolving:
    return shop.application.process.orders.resolving


async def state_of(shop: Shop, held: HeldOrder) -> tuple[Any, ...]:
    """Status, whether on hold, ledger, stock, unpaid orders."""
    row = await shop.row(held.order_id)
    return (
        row.status,
        row.held_at is not None,
        await shop.ledger(held.order_id),
        await shop.stock(held.product),
        await shop.unpaid(held.buyer),
    )


def serving_environment(shop: Shop) -> dict[str, str]:
    """The settings of a running server as a command reads them."""
    settings = shop.application._settings
    apps = [{"appid": it.appid, "secret": it.secret.get_secret_value(), "name": it.name} for it in settings.apps]
    given = {
        "ENVIRONMENT": settings.environment,
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "SECRET_KEYS": ",".join(key.get_secret_value() for key in settings.secret_keys),
        "APPS": json.dumps(apps),
        "WECHAT_API_URL": settings.wechat_api_url,
        "PAY_API_URL": settings.pay_api_url,
        "MCHID": settings.mchid,
        "MCH_SERIAL": settings.mch_serial,
        "MCH_KEY_FILE": str(settings.mch_key_file),
        "APIV3_KEY": ",".join(key.get_secret_value() for key in settings.apiv3_key),
        "PAY_PUBLIC_KEY_ID": settings.pay_public_key_id,
        "PAY_PUBLIC_KEY_FILE": str(settings.pay_public_key_file),
        "PUBLIC_URL": settings.public_url,
        "MEDIA_URL": settings.media_url.get_secret_value(),
    }
    return {f"APPLETQL_{name}": value for name, value in given.items() if value is not None}


Done = subprocess.CompletedProcess[str]


async def command(shop: Shop, folder: Path, *arguments: str) -> Done:
    """A command on the database alone, as on another machine."""
    return await asyncio.to_thread(run, folder, *arguments, APPLETQL_DATABASE_URL=shop.database_url)


async def serving_command(shop: Shop, folder: Path, *arguments: str) -> Done:
    """A command with the settings of the server."""
    return await asyncio.to_thread(run, folder, *arguments, **serving_environment(shop))


def fits_a_terminal(text: str) -> bool:
    """Whether no line is wider than 80 columns; a Chinese character takes two."""
    return all(sum(2 if ord(it) > 0x1100 else 1 for it in line) <= 80 for line in text.splitlines())
