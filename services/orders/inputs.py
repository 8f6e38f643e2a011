"""What `createOrder` takes, checked whole before anything is looked up."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.ids import Prefix, is_id
from domain.orders import JOINED_KEY, LONGEST_KEY, LONGEST_REMARK, MOST_ITEMS, MOST_OF_ONE
from domain.problems import InputIssue, InvalidInput
from domain.text import clean_text


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to buy: quantities by product, repeated products added up, in the order of the lines."""

    quantities: Mapping[str, int]
    key: str
    remark: str | None
    expected_total: int | None

    @property
    def input_hash(self) -> str:
        """Equal for equal inputs; what the user saw as the total is no part of it."""
        content = {"items": sorted(self.quantities.items()), "remark": self.remark}
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def checked(
    items: Sequence[tuple[str, int]], idempotency_key: str, expected_total: int | None, remark: str | None
) -> Wanted:
    """The wanted goods, from pairs of product id and quantity; raises InvalidInput with every issue."""
    issues = _item_issues(items)
    key = clean_text("idempotencyKey", idempotency_key, longest=LONGEST_KEY)
    if isinstance(key, str) and key.startswith(JOINED_KEY):
        key = InputIssue("idempotencyKey", f"must not begin with {JOINED_KEY}")
    if isinstance(key, InputIssue):
        issues.append(key)
    note = clean_text("remark", remark, longest=LONGEST_REMARK, lines=True) if remark and remark.strip() else None
    if isinstance(note, InputIssue):
        issues.append(note)
    if issues or isinstance(key, InputIssue) or isinstance(note, InputIssue):
        raise InvalidInput(issues)
    quantities: Counter[str] = Counter()
    for product_id, quantity in items:
        quantities[product_id] += quantity
    return Wanted(dict(quantities), key, note, expected_total)


def _item_issues(items: Sequence[tuple[str, int]]) -> list[InputIssue]:
    if not 1 <= len(items) <= MOST_ITEMS:
        return [InputIssue("items", f"must be 1 to {MOST_ITEMS}")]
    issues = []
    so_far: Counter[str] = Counter()
    for place, (product_id, quantity) in enumerate(items):
        if not is_id(Prefix.PRODUCT, product_id):
            issues.append(InputIssue(f"items.{place}.productId", "is not the id of a product"))
        if not 1 <= quantity <= MOST_OF_ONE:
            issues.append(InputIssue(f"items.{place}.quantity", f"must be 1 to {MOST_OF_ONE}"))
            continue
        so_far[product_id] += quantity
        if so_far[product_id] > MOST_OF_ONE:
            message = f"makes more than {MOST_OF_ONE} of this product, with the lines before"
            issues.append(InputIssue(f"items.{place}.quantity", message))
    return issues
