"""Who may: every root field, as anonymous, with an expired token, as another user, as the right one.

And who sees which field of somebody else's objects: a field of the schema that is not in the tables fails.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLObjectType, build_schema

from schema.assembly import export_sdl
from tests.catalogue.shop import operator as make_operator
from tests.world import World, error_codes

pytestmark = pytest.mark.anyio
DAY = 86_400

PUBLIC, NULLABLE, SIGNED_IN, OPERATOR = "public", "null without a token", "signed in", "operators"
RULES = {
    "login": PUBLIC,
    "logout": PUBLIC,
    "share": PUBLIC,
    "products": PUBLIC,
    "product": PUBLIC,
    "me": NULLABLE,
    "session": NULLABLE,
    "node": NULLABLE,
    "exportMyData": SIGNED_IN,
    "updateProfile": SIGNED_IN,
    "bindPhone": SIGNED_IN,
    "unbindPhone": SIGNED_IN,
    "deleteAccount": SIGNED_IN,
    "createShare": SIGNED_IN,
    "openShare": SIGNED_IN,
    "order": SIGNED_IN,
    "createOrder": SIGNED_IN,
    "payOrder": SIGNED_IN,
    "syncOrder": SIGNED_IN,
    "cancelOrder": SIGNED_IN,
    "orders": OPERATOR,
    "refundOrder": OPERATOR,
    "createProduct": OPERATOR,
    "updateProduct": OPERATOR,
}
CALLS = {
    "login": 'mutation { login(input: {code: "nonsense"}) { __typename } }',
    "logout": "mutation { logout { __typename } }",
    "share": "query ($code: String!) { share(code: $code) { id title path sharedBy { nickname } visits newUsers } }",
    "products": "{ products { nodes { id } pageInfo { hasNextPage } } }",
    "product": "query ($id: ID!) { product(id: $id) { id } }",
    "me": "{ me { id phone { number } } }",
    "session": "{ session { expiresAt isWechatSessionCurrent } }",
    "node": "query ($id: ID!) { node(id: $id) { __typename id } }",
    "exportMyData": "{ exportMyData }",
    "updateProfile": 'mutation { updateProfile(input: {fields: {city: "Suzhou"}}) { __typename } }',
    "bindPhone": "mutation ($phoneCode: String!) { bindPhone(input: {code: $phoneCode}) { __typename } }",
    "unbindPhone": "mutation { unbindPhone { __typename } }",
    "deleteAccount": "mutation ($loginCode: String!) { deleteAccount(code: $loginCode) { __typename } }",
    "createShare": 'mutation { createShare(input: {page: "pages/a", title: "t"}) { __typename } }',
    "order": "query ($order: ID!) { order(id: $order) { id } }",
    "createOrder": (
        "mutation ($product: ID!) { createOrder(input: "
        '{items: [{productId: $product, quantity: 1}], idempotencyKey: "k"}) { __typename } }'
    ),
    "payOrder": "mutation ($order: ID!) { payOrder(orderId: $order) { __typename } }",
    "syncOrder": "mutation ($order: ID!) { syncOrder(orderId: $order) { __typename } }",
    "cancelOrder": "mutation ($order: ID!) { cancelOrder(orderId: $order) { __typename } }",
    "orders": "{ orders { nodes { id } } }",
    "refundOrder": (
        'mutation ($order: ID!) { refundOrder(input: {orderId: $order, idempotencyKey: "k"}) { __typename } }'
    ),
    "createProduct": 'mutation { createProduct(input: {idempotencyKey: "k", title: "t", price: 1}) { __typename } }',
    "updateProduct": "mutation ($id: ID!) { updateProduct(input: {id: $id}) { __typename } }",
    "openShare": (
        "mutation ($code: String!) { openShare(input: {code: $code}) { __typename "
        "... on OpenShareSuccess { share { visits newUsers codeImageUrl } } } }"
    ),
}

NONSENSE = {"order": "nonsense", "product": "nonsense", "phoneCode": "nonsense", "loginCode": "nonsense"}

EVERYBODY, OWNER, OPERATORS = "everybody", "the owner", "the owner and operators"
FIELDS: dict[str, dict[str, str]] = {
    "User": dict.fromkeys(
        (
            *("id", "nickname", "avatarUrl", "gender", "country", "province", "city", "language"),
            *("phone", "createdAt", "orders"),
        ),
        OWNER,
    ),
    "Phone": dict.fromkeys(("number", "masked", "countryCode", "boundAt"), OWNER),
    "Session": dict.fromkeys(("expiresAt", "isWechatSessionCurrent"), OWNER),
    "Share": dict.fromkeys(("id", "code", "title", "path", "imageUrl", "sharedBy"), EVERYBODY)
    | dict.fromkeys(("visits", "newUsers", "codeImageUrl"), OWNER),
    "Order": dict.fromkeys(
        (
            *("id", "number", "status", "items", "remark", "total", "refunded", "canPay", "canCancel", "onHold"),
            *("createdAt", "expiresAt", "paidAt", "closedAt", "payment", "refunds"),
        ),
        OPERATORS,
    )
    | {"buyer": "operators"},
    "OrderItem": dict.fromkeys(("title", "unitPrice", "quantity", "subtotal", "product"), OPERATORS),
    "Payment": dict.fromkeys(("tradeState", "transactionId", "paidAt"), OPERATORS),
    "Refund": dict.fromkeys(("id", "amount", "status", "reason", "createdAt", "completedAt"), OPERATORS),
    "Product": dict.fromkeys(("id", "title", "description", "imageUrl", "price", "available", "forSale"), EVERYBODY),
    "Profile": dict.fromkeys(("nickname", "avatarUrl"), EVERYBODY),
    "Money": dict.fromkeys(("amount", "currency", "display"), EVERYBODY),
}
CARRIERS = ("Query", "Mutation", "PageInfo", "InputIssue", "PaymentParams")
"""Types that hold nothing of anybody but what the tables speak of; so do connections, edges, results and problems."""


def is_carrier(name: str) -> bool:
    return name in CARRIERS or name.startswith("__") or name.endswith(("Connection", "Edge", "Success"))


@dataclass
class Scene:
    """Two users; one has a share and a phone. The third token is expired."""

    owner: str
    other: str
    expired: str
    owner_id: str
    share: dict[str, Any]


async def set_up(world: World) -> Scene:
    expired = (await world.sign_in())["token"]
    await world.advance(8 * DAY)
    owner, other = await world.sign_in(), await world.sign_in()
    query = 'createShare(input: {page: "pages/a", title: "t"}) { ... on CreateShareSuccess { share { id code } } }'
    made = await world.ask(f"mutation {{ {query} }}", owner["token"])
    share = made["data"]["createShare"]["share"]
    return Scene(owner["token"], other["token"], expired, owner["user"]["id"], share)


def test_every_field_of_every_type_is_in_the_table() -> None:
    schema = build_schema(export_sdl())
    problem = schema.type_map["Problem"]
    found = {
        name: sorted(type_.fields)
        for name, type_ in schema.type_map.items()
        if isinstance(type_, GraphQLObjectType) and not is_carrier(name) and problem not in type_.interfaces
    }

    assert {name: sorted(fields) for name, fields in FIELDS.items()} == found


def test_every_root_field_has_a_rule_and_a_call() -> None:
    schema = build_schema(export_sdl())
    assert schema.query_type is not None
    assert schema.mutation_type is not None

    assert {*schema.query_type.fields, *schema.mutation_type.fields} == set(RULES) == set(CALLS)


@pytest.mark.parametrize("field", RULES)
async def test_without_a_live_token(world: World, field: str) -> None:
    scene = await set_up(world)
    variables = NONSENSE | {"code": scene.share["code"], "id": scene.owner_id}

    anonymous, expired = [await world.ask(CALLS[field], token, variables) for token in (None, scene.expired)]

    refused = ["UNAUTHENTICATED"]
    wanted = {PUBLIC: ([], []), NULLABLE: ([], refused), SIGNED_IN: (refused, refused), OPERATOR: (refused, refused)}[
        RULES[field]
    ]
    assert (error_codes(anonymous), error_codes(expired)) == wanted
    if RULES[field] != PUBLIC:
        assert anonymous["data"] == expired["data"] == {field: None}
    else:
        assert anonymous == expired


@pytest.mark.parametrize("field", [field for field, rule in RULES.items() if rule == SIGNED_IN])
async def test_signed_in_nobody_is_refused(world: World, field: str) -> None:
    scene = await set_up(world)

    answer = await world.ask(CALLS[field], scene.other, NONSENSE | {"code": scene.share["code"]})

    assert error_codes(answer) == []
    assert (answer["data"][field] is None) == (field == "order")  # another's order is as one that is not there


@pytest.mark.parametrize("field", [field for field, rule in RULES.items() if rule == OPERATOR])
async def test_who_is_no_operator_is_refused_and_an_operator_is_not(world: World, field: str) -> None:
    scene = await set_up(world)
    operator = (await make_operator(world))["token"]

    variables = NONSENSE | {"id": scene.owner_id}
    refused, done = [await world.ask(CALLS[field], token, variables) for token in (scene.owner, operator)]

    assert (error_codes(refused), refused["data"]) == (["FORBIDDEN"], {field: None})
    assert error_codes(done) == []
    assert done["data"][field] is not None


async def test_the_wrong_user_sees_nothing_of_the_right_one(world: World) -> None:
    scene = await set_up(world)
    variables = {"code": scene.share["code"], "id": scene.owner_id}

    node = {name: await world.ask(CALLS["node"], token, variables) for name, token in vars_of(scene)}
    share = {
        name: (await world.ask(CALLS["share"], token, variables))["data"]["share"] for name, token in vars_of(scene)
    }
    shared_node = await world.ask(CALLS["node"], scene.other, {"id": scene.share["id"]})

    assert node["owner"]["data"]["node"] == {"__typename": "User", "id": scene.owner_id}
    assert node["other"]["data"]["node"] is None
    assert [(share[name]["visits"], share[name]["newUsers"]) for name in ("owner", "other")] == [(0, 0), (None, None)]
    assert shared_node["data"]["node"] == {"__typename": "Share", "id": scene.share["id"]}
    for token in (None, scene.expired):
        answer = await world.ask(CALLS["node"], token, {"id": scene.share["id"]})
        assert answer == shared_node


def vars_of(scene: Scene) -> list[tuple[str, str]]:
    return [("owner", scene.owner), ("other", scene.other)]
