"""`appletql products import` as a process, and what is in the database after it."""

import subprocess
from pathlib import Path
from typing import Any

from models.catalogue import Product
from models.database import open_database
from tests.process.forked import run

COLUMNS = "key,title,price,stock,description,imageUrl,forSale"
NAMES = ("import_key", "title", "price", "stock", "description", "image_url", "for_sale")


def write(folder: Path, *lines: str, name: str = "products.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def import_file(url: str, path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run(path.parent, "products", "import", str(path), *options, APPLETQL_DATABASE_URL=url)


def faults(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What was told beside the progress."""
    return [line.removeprefix("appletql: ") for line in done.stderr.splitlines() if line.startswith("appletql: ")]


async def rows(url: str) -> list[tuple[Any, ...]]:
    """Key, title, price, stock, description, address and whether it is for sale, in the order of the shop window."""
    async with open_database(url, pool_size=2) as units:
        return await units.read(_rows)


async def _rows() -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await Product.all().order_by("-id").values_list(*NAMES)]
