"""Problems: whatever a mutation can raise is in the union that its clients were promised."""

import pytest

from tests.architecture.rules.problems import problem_classes, unpromised
from tests.architecture.rules.sdl import problem_types, promised_problems
from tests.architecture.rules.sources import Source, planted

SDL = """
interface Problem { code: String! }
type InvalidInput implements Problem { code: String! }
type Refusal implements Problem { code: String! }
type PayOrderSuccess { id: ID! }
type LogoutSuccess { at: String! }
union PayOrderResult = PayOrderSuccess | InvalidInput
union LogoutResult = LogoutSuccess
type Query { me: ID }
type Mutation { payOrder(orderId: ID!): PayOrderResult  logout: LogoutResult }
"""
DOMAIN = planted(
    "domain/problems.py",
    """
    class Failure(Exception): ...
    class Problem(Failure): ...
    class InvalidInput(Problem): ...
    class Refusal(Problem): ...
    class Unavailable(Failure): ...
    """,
)


def test_mutations_raise_only_what_their_unions_name(texts: dict[str, str], sources: tuple[Source, ...]) -> None:
    promised = promised_problems(texts["schema.graphql"])
    assert len(promised) > 0
    assert unpromised(sources, promised) == []


def test_every_problem_has_a_type_in_the_contract(texts: dict[str, str], sources: tuple[Source, ...]) -> None:
    problems = problem_classes(sources)
    assert "InvalidInput" in problems
    assert problems - problem_types(texts["schema.graphql"]) == set()


def test_the_contract_is_read() -> None:
    assert problem_types(SDL) == {"InvalidInput", "Refusal"}
    assert promised_problems(SDL) == {"pay_order": {"InvalidInput"}, "logout": set()}
    assert problem_classes([DOMAIN]) == {"InvalidInput", "Refusal"}


def test_a_problem_that_the_union_does_not_name_is_found_with_its_chain() -> None:
    # given
    house = [
        DOMAIN,
        planted(
            "resolvers/orders.py",
            """
            from resolvers.context import Context

            async def pay_order(context: Context, order_id: str) -> None:
                await context.services.orders.pay(order_id)
            """,
        ),
        planted(
            "resolvers/context.py",
            """
            from dataclasses import dataclass
            from services.orders import Orders

            @dataclass(frozen=True)
            class Services:
                orders: Orders

            @dataclass(frozen=True)
            class Context:
                services: Services
            """,
        ),
        planted(
            "services/orders.py",
            """
            from domain.problems import InvalidInput, Refusal
            from models.unit_of_work import UnitsOfWork

            class Orders:
                def __init__(self, units: UnitsOfWork) -> None:
                    self._units = units

                async def pay(self, order_id: str) -> None:
                    if not order_id:
                        raise InvalidInput("order_id")
                    await self._units.run(self._pay, order_id)

                async def _pay(self, order_id: str) -> None:
                    raise _refusal(order_id)

            def _refusal(order_id: str) -> Refusal:
                return Refusal(order_id)
            """,
        ),
        planted("models/unit_of_work.py", "class UnitsOfWork:\n    async def run(self, body, *args): ..."),
    ]
    chain = [
        "resolvers.orders.pay_order",
        "services.orders.Orders.pay",
        "services.orders.Orders._pay",
        "services.orders._refusal",
    ]
    # then
    assert unpromised(house, {"pay_order": {"InvalidInput", "Refusal"}}) == []
    assert unpromised(house, {"pay_order": {"InvalidInput"}}) == [
        f"pay_order: Refusal is not in its union; {' → '.join(chain)}"
    ]


REACHED = {
    "a name": "def pay_order(p):\n    kind = Refusal\n    raise kind('no')",
    "a table": "TABLE = {'no': Refusal}\ndef pay_order(p):\n    raise TABLE[p]('no')",
    "a constant": "NO = Refusal('no')\ndef pay_order(p):\n    raise NO",
    "a function inside": "def pay_order(p):\n    def refuse():\n        raise Refusal('no')\n    refuse()",
    "a lambda": "def pay_order(p):\n    return run(lambda: Refusal('no'))",
    "a table of functions": "TABLE = {'no': no}\ndef pay_order(p):\n    TABLE[p]()",
    "a child": "class C(A):\n    def go(self):\n        no(self)\ndef pay_order(a: A):\n    a.go()",
    "a property": "class C:\n    @property\n    def x(self):\n        no(self)\ndef pay_order(c: C):\n    return c.x",
    "a constructor": "class C:\n    def __post_init__(self):\n        no(self)\ndef pay_order(p):\n    C()",
    "a protocol": "class C(Protocol):\n    def go(self): ...\ndef pay_order(c: C):\n    c.go()",
    "an unknown receiver": "def pay_order(b):\n    b.go()",
    "a row of many": "def pay_order(rows: 'list[B]'):\n    for row in rows:\n        row.go()",
    "a result": "async def one() -> B | None: ...\nasync def pay_order(p):\n    (await one()).go()",
    "a result of a body": "async def one() -> B: ...\nasync def pay_order(run):\n    (await run(one)).go()",
    "a field": "class C:\n    def __init__(self, b: B):\n        self.b = b\ndef pay_order(c: C):\n    c.b.go()",
    "a gathered field": "class C:\n    def __init__(self, bs: list[B]):\n        self.bs = {b.id: b for b in bs}\n"
    "def pay_order(c: C):\n    c.bs.get(1).go()",
    "an alias": "Any_ = B | None\ndef pay_order(b: Any_):\n    b.go()",
    "an argument": "async def pay_order(p):\n    await gather(no(p))",
    "a partial": "async def pay_order(p):\n    await call(partial(no, p))",
    "a decorator": "@no\ndef pay_order(p): ...",
    "a context": "class C:\n    def __enter__(self):\n        no(self)\ndef pay_order(p):\n    with C(): ...",
}
NOT_REACHED = {
    "caught": "def pay_order(p):\n    try: ...\n    except Refusal: ...",
    "annotated": "def pay_order(p: Refusal) -> Refusal:\n    q: Refusal = p\n    return q",
    "asked": "def pay_order(p):\n    return isinstance(p, Refusal)",
    "matched": "def pay_order(p):\n    match p:\n        case Refusal(): ...",
    "elsewhere": "def pay_order(p): ...",
    "a method of another class": "def pay_order(a: A):\n    a.go()",
    "a method of a query": "async def pay_order(p):\n    await Row.filter(id=p).go()",
    "a method of a container": "def pay_order(p: dict[str, Any]):\n    p.go('x')",
    "a method of gathered others": "class C:\n    def __init__(self, a: A):\n        self.x = [a]\n"
    "def pay_order(c: C):\n    c.x.go()",
    "no problem": "from domain import problems\ndef pay_order(p):\n    raise problems.Unavailable('busy')",
}
BEFORE = """\
from domain.problems import Refusal
def no(p):
    raise Refusal('no')
class A:
    def go(self): ...
class B:
    def go(self):
        raise Refusal('no')
class Row(Model): ...
"""


@pytest.mark.parametrize("way", REACHED)
def test_a_problem_is_found_however_it_is_reached(way: str) -> None:
    source = planted("resolvers/orders.py", BEFORE + REACHED[way])
    (found,) = unpromised([DOMAIN, source], {"pay_order": {"InvalidInput"}})
    assert found.startswith("pay_order: Refusal is not in its union; resolvers.orders.pay_order")


@pytest.mark.parametrize("way", NOT_REACHED)
def test_a_problem_that_is_not_reached_is_let_through(way: str) -> None:
    source = planted("resolvers/orders.py", BEFORE + NOT_REACHED[way])
    assert unpromised([DOMAIN, source], {"pay_order": {"InvalidInput"}}) == []


def test_names_are_followed_through_modules_and_reexports() -> None:
    # given
    house = [
        DOMAIN,
        planted("services/orders/__init__.py", "from services.orders.paying import pay as pay"),
        planted("services/orders/paying.py", "import domain.problems as p\ndef pay():\n    raise p.Refusal('no')"),
        planted("resolvers/orders.py", "from services import orders\ndef pay_order():\n    orders.pay()"),
    ]
    # then
    assert unpromised(house, {"pay_order": set()}) == [
        "pay_order: Refusal is not in its union; resolvers.orders.pay_order → services.orders.paying.pay"
    ]


def test_a_mutation_without_a_resolver_is_found() -> None:
    source = planted("schema/orders.py", "def _pay_order(): ...")
    assert unpromised([DOMAIN, source], {"pay_order": set()}) == ["pay_order: no function of this name in resolvers/"]


def test_a_problem_of_the_field_in_the_schema_is_found_too() -> None:
    # given
    resolver = planted("resolvers/orders.py", "def pay_order(): ...")
    field = planted("schema/orders.py", BEFORE + "def _pay_order(input):\n    no(input)")
    # then
    assert unpromised([DOMAIN, resolver, field], {"pay_order": set()}) == [
        "pay_order: Refusal is not in its union; schema.orders._pay_order → schema.orders.no"
    ]
