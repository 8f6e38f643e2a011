"""A search of every stored text for Fernet tokens, so that no sealed column stays out of the table of them."""

import importlib
import json
from typing import Any

from tortoise.models import Model

from models.database import MODULES
from models.unit_of_work import UnitsOfWork

TOKEN_BEGINS = "gAAAA"


async def columns_with_tokens(units: UnitsOfWork) -> set[str]:
    """Every column, as `table.name`, that holds a token anywhere in a value of it."""
    return {
        f"{model.describe()['table']}.{name}"
        for model in all_models()
        for row in await units.read(_rows, model)
        for name, value in row.items()
        if TOKEN_BEGINS in json.dumps(value, default=str)
    }


def all_models() -> list[type[Model]]:
    modules = [importlib.import_module(name) for name in MODULES]
    return [found for module in modules for found in vars(module).values() if _is_of(module.__name__, found)]


def _is_of(module: str, found: object) -> bool:
    return isinstance(found, type) and issubclass(found, Model) and found.__module__ == module


async def _rows(model: type[Model]) -> list[dict[str, Any]]:
    return list(await model.all().values())
