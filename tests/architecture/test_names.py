"""Names: whole words of the field, the same word for a feature on every floor, a first line in every module."""

import pytest

from tests.architecture.rules.names import NO_FEATURE, missing_floors, nameless, silent, strangers
from tests.architecture.rules.sources import Source, planted


def test_no_module_has_a_name_that_says_nothing(sources: tuple[Source, ...]) -> None:
    assert nameless(sources) == []


@pytest.mark.parametrize(
    "path",
    ["services/utils.py", "server/helpers/text.py", "tests/base.py", "schema/orders/common.py", "models/manager.py"],
)
def test_a_name_that_says_nothing_is_found(path: str) -> None:
    assert len(nameless([planted(path, "")])) == 1


def test_the_shared_types_of_the_schema_keep_their_name() -> None:
    assert nameless([planted("schema/common/money.py", "")]) == []
    assert len(nameless([planted("schema/common/utils.py", "")])) == 1


def test_every_module_opens_with_a_line_on_what_it_is_for(sources: tuple[Source, ...]) -> None:
    assert silent(sources) == []


def test_a_module_without_a_first_line_is_found() -> None:
    # given
    modules = {
        "services/orders.py": "import json",
        "tests/test_orders.py": "def test(): ...",
        "services/__init__.py": "",
        "services/shares.py": '"""Sharing."""',
        "tests/__init__.py": "",
        "models/migrations/0001_initial.py": "import json",
    }
    # then
    assert silent([planted(path, text) for path, text in modules.items()]) == [
        "services/orders.py:1: opens without a docstring",
        "tests/test_orders.py:1: opens without a docstring",
        "services/__init__.py:1: opens without a docstring",
    ]


def test_every_module_of_resolvers_and_services_belongs_to_a_feature(sources: tuple[Source, ...]) -> None:
    assert strangers(sources) == []


def test_a_module_of_no_feature_is_found() -> None:
    paths = ["services/orders.py", "services/orders/refunds.py", "resolvers/node.py", "services/shopping.py"]
    assert strangers([planted(path, "") for path in [*paths, "wechat/pay.py"]]) == [
        "services/shopping.py:1: belongs to no feature"
    ]


def test_every_exception_is_still_there_and_has_a_reason(sources: tuple[Source, ...]) -> None:
    paths = {source.path for source in sources}
    for floor, modules in NO_FEATURE.items():
        for module, reason in modules.items():
            assert paths & {f"{floor}/{module}.py", f"{floor}/{module}/__init__.py"}
            assert reason


def test_a_feature_has_the_same_word_on_every_floor(sources: tuple[Source, ...]) -> None:
    assert missing_floors(sources) == []


def test_a_feature_that_lacks_a_floor_is_found() -> None:
    # given
    paths = ["schema/orders/types.py", "schema/sharing.py", "resolvers/sharing.py", "resolvers/catalogue.py"]
    services = ["services/sharing.py", "services/payments.py", "services/catalogue/__init__.py"]
    # then
    assert missing_floors([planted(path, "") for path in paths + services]) == [
        "`orders` is in schema/ and not in resolvers/",
        "`catalogue` is in resolvers/ and not in schema/",
    ]
