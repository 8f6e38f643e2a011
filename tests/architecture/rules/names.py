"""What modules are called: words that say nothing are refused, a feature has one word on every floor."""

import ast
from collections.abc import Iterable
from pathlib import PurePosixPath

from tests.architecture.rules.sources import Source, floors

SAYS_NOTHING = frozenset(("base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"))
SHARED_TYPES = "schema/common"

FEATURES = frozenset(("accounts", "catalogue", "orders", "payments", "sharing"))
NO_FEATURE = {
    "resolvers": {
        "context": "the viewer, the services and the loaders of one request",
        "node": "finds any object by its id, whichever feature it belongs to",
    },
    "services": {
        "background": "what goes on after its caller has its answer is kept and waited for in one way",
        "content_check": "whatever a user writes is checked in one way",
        "check_allowance": "how often, whatever the text is for",
        "incidents": "whatever happens, an operator is told in one way",
        "keyed_hashes": "phones and attributions are looked up under one key",
        "keys_at_rest": "everything that is sealed is sealed again together",
        "media": "pictures are made and kept in one way, whoever's they are",
        "mini_programs": "every feature may be asked from any of the configured mini programs",
        "pages": "products and orders are paged in one way",
        "phone_data": "profiles, phones and groups come from the phone in one form",
        "worker": "whatever is due is looked after by one loop",
        "reconciliation": "WeChat's bill speaks of orders, payments and refunds together",
        "wechat_problems": "every feature answers WeChat's errors as the same problems",
    },
}
"""Modules that serve every feature, each with its reason."""


def nameless(sources: Iterable[Source]) -> list[str]:
    """Modules and packages, tests included, whose name says nothing."""
    return [
        source.at(source.tree, f"`{word}` says nothing")
        for source in sources
        for word in SAYS_NOTHING.intersection(_words(source.path.removeprefix(SHARED_TYPES)))
    ]


def silent(sources: Iterable[Source]) -> list[str]:
    """Modules, tests included save empty ones, that do not open with a line on what they are for."""
    return [
        source.at(source.tree, "opens without a docstring")
        for source in sources
        if (source.is_product or (source.floor == "tests" and source.text)) and not _first_line(source)
    ]


def strangers(sources: Iterable[Source]) -> list[str]:
    """Modules of resolvers and services that neither belong to a feature nor have a reason to belong to none."""
    return [
        source.at(source.tree, "belongs to no feature")
        for source in floors(sources, *NO_FEATURE)
        if not source.path.endswith("__init__.py")
        and not FEATURES.intersection(_words(source.path))
        and not NO_FEATURE[source.floor].keys() & _words(source.path)
    ]


def missing_floors(sources: Iterable[Source]) -> list[str]:
    """Features that clients see and that lack their module on a floor below, or the other way round."""
    found = list(sources)
    on = {floor: _features(found, floor) for floor in ("schema", "resolvers", "services")}
    return [
        f"`{feature}` is in {above}/ and not in {below}/"
        for above, below in (("schema", "resolvers"), ("resolvers", "schema"), ("resolvers", "services"))
        for feature in sorted(on[above] - on[below])
    ]


def _features(sources: list[Source], floor: str) -> set[str]:
    return {word for source in floors(sources, floor) for word in FEATURES.intersection(_words(source.path))}


def _words(path: str) -> frozenset[str]:
    return frozenset(PurePosixPath(path).with_suffix("").parts)


def _first_line(source: Source) -> str:
    return (ast.get_docstring(source.tree) or "").split("\n", 1)[0].strip()
