"""Somebody else's real objects: whatever is asked for with their ids, nothing of them is answered or changed."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLObjectType, build_schema, get_named_type, is_leaf_type

from models.accounts import User
from schema.assembly import export_sdl
from tests.accounts.operations import BIND_PHONE, do, phone_event
from tests.accounts.test_authorisation import CALLS, FIELDS, OWNER, RULES, SIGNED_IN
from tests.shop import Buyer, Shop, open_shop

pytestmark = pytest.mark.anyio
SCHEMA = build_schema(export_sdl())
PHONE = "13712345678"
MISSING = "0" * 26


def everything(type_name: str) -> str:
    """Every field of a type, down to the leaves; the edges of a page hold what its nodes hold."""
    type_ = SCHEMA.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    chosen = []
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        if name != "edges":
            chosen.append(name if is_leaf_type(named) else f"{name} {{ {everything(named.name)} }}")
    return " ".join(chosen)


NODES = {
    name: f"query ($id: ID!) {{ node(id: $id) {{ __typename ... on {name} {{ {everything(name)} }} }} }}"
    for name in ("User", "Order", "Refund", "Share")
}
ORDER = f"query ($id: ID, $number: String) {{ order(id: $id, number: $number) {{ {everything('Order')} }} }}"
SHARE = f"query ($code: String!) {{ share(code: $code) {{ {everything('Share')} }} }}"
CREATE_SHARE = (
    'mutation { createShare(input: {page: "pages/a", title: "t"}) '
    f"{{ ... on CreateShareSuccess {{ share {{ {everything('Share')} }} }} }} }}"
)
ME = f"{{ me {{ {everything('User')} }} session {{ {everything('Session')} }} }}"


@dataclass
class Estate:
    """What the owner has; `secrets` are texts that nobody else's answer may hold."""

    shop: Shop
    owner: Buyer
    other: Buyer
    operator: Buyer
    ids: dict[str, str]
    variables: dict[str, Any]
    secrets: list[str]

    def leaked(self, answer: Any) -> list[str]:
        text = json.dumps(answer, ensure_ascii=False)
        return [secret for secret in self.secrets if secret in text]

    async def seen(self, name: str, token: str | None) -> dict[str, Any]:
        return await self.shop.ask(NODES[name], token, {"id": self.ids[name]})


@pytest.fixture
async def estate(database_url: str) -> AsyncIterator[Estate]:
    async with open_shop(database_url) as shop:
        yield await settle_down(shop)


async def settle_down(shop: Shop) -> Estate:
    owner, other, operator = await shop.buyer(phone=PHONE), await shop.buyer(), await shop.operator()
    code = (await phone_event(shop, owner.openid))["code"]
    assert (await do(shop, BIND_PHONE, owner.token, input={"code": code}))["__typename"] == "BindPhoneSuccess"
    product = await shop.product(title="乌龙茶 of the owner")
    paid = await shop.paid(owner, product, remark="behind the blue door")
    refund = await shop.refund(operator, paid["id"], 100, reason="a broken cup")
    pending = (await shop.ordered(owner, product))["order"]
    share = (await shop.ask(CREATE_SHARE, owner.token))["data"]["createShare"]["share"]
    assert share["codeImageUrl"] is not None
    return Estate(
        shop,
        owner,
        other,
        operator,
        ids={"User": owner.user_id, "Order": paid["id"], "Refund": refund["refund"]["id"], "Share": share["id"]},
        variables={
            "order": pending["id"],
            "product": product.id,
            "number": paid["number"],
            "code": share["code"],
            "phoneCode": (await phone_event(shop, owner.openid))["code"],
            "loginCode": await shop.code(owner.openid),
        },
        secrets=[
            *(owner.user_id, PHONE, "137****5678", "behind the blue door", "a broken cup", share["codeImageUrl"]),
            *(paid["id"], paid["number"], paid["payment"]["transactionId"], pending["id"], pending["number"]),
            refund["refund"]["id"],
        ],
    )


async def test_the_owner_sees_all_of_it_so_that_a_leak_would_be_found(estate: Estate) -> None:
    seen = [await estate.seen(name, estate.owner.token) for name in NODES]

    assert [answer["data"]["node"]["__typename"] for answer in seen] == list(NODES)
    assert sorted(estate.leaked(seen)) == sorted(estate.secrets)


async def test_the_right_user_may_do_all_of_it(estate: Estate) -> None:
    """One after the other, as the table has them; the account is deleted last."""
    fields = [field for field, rule in RULES.items() if rule == SIGNED_IN and field != "deleteAccount"]

    done = {}
    for field in (*fields, "deleteAccount"):
        answer = await estate.shop.ask(CALLS[field], estate.owner.token, estate.variables)
        assert "errors" not in answer, (field, answer)
        done[field] = answer["data"][field]

    assert done.pop("order") == {"id": estate.variables["order"]}
    assert done.pop("exportMyData")["user"]["id"] == estate.owner.user_id
    assert {field: result["__typename"] for field, result in done.items()} == {
        field: f"{field[0].upper()}{field[1:]}Success" for field in done
    }
    assert (await estate.shop.row(estate.variables["order"])).status == "CLOSED"


async def test_nobody_else_sees_any_of_it_by_any_id(estate: Estate) -> None:
    for token in (None, estate.other.token):
        seen = {name: await estate.seen(name, token) for name in NODES}
        assert {name: answer["data"]["node"] for name, answer in seen.items() if name != "Share"} == {
            "User": None,
            "Order": None,
            "Refund": None,
        }
        share = (await estate.shop.ask(SHARE, token, estate.variables))["data"]["share"]
        assert seen["Share"]["data"]["node"] == {"__typename": "Share"} | share
        assert {name for name, value in share.items() if value is None} >= {
            name for name, rule in FIELDS["Share"].items() if rule == OWNER
        }
        assert estate.leaked([*seen.values(), share]) == []
    for given in ({"id": estate.ids["Order"]}, {"number": estate.variables["number"]}):
        assert (await estate.shop.ask(ORDER, estate.other.token, given))["data"]["order"] is None
    assert estate.leaked(await estate.shop.ask(ME, estate.other.token)) == []


async def test_an_operator_sees_orders_and_refunds_and_nothing_of_the_person(estate: Estate) -> None:
    token = estate.operator.token

    seen = {name: await estate.seen(name, token) for name in NODES}

    assert seen["Order"]["data"]["node"]["buyer"] == {"nickname": None, "avatarUrl": None}
    assert seen["Refund"]["data"]["node"]["reason"] == "a broken cup"
    assert seen["User"]["data"]["node"] is None
    assert {owner for owner in (estate.owner.user_id, PHONE, "137****5678") if owner in estate.leaked(seen)} == set()
    assert (await estate.seen("Order", estate.owner.token))["data"]["node"]["buyer"] is None


async def test_another_user_changes_nothing_of_it(estate: Estate) -> None:
    shop = estate.shop
    fields = [field for field, rule in RULES.items() if rule == SIGNED_IN]

    before = [await estate.seen(name, estate.owner.token) for name in NODES]
    answers = {field: await shop.ask(CALLS[field], estate.other.token, estate.variables) for field in fields}
    missing = estate.variables | {"order": f"ord_{MISSING}", "code": "unknown"}
    as_missing = {field: await shop.ask(CALLS[field], estate.other.token, missing) for field in fields}

    assert estate.leaked(list(answers.values())) == []
    for field in ("order", "payOrder", "syncOrder", "cancelOrder"):
        assert answers[field] == as_missing[field]
    assert answers["order"]["data"]["order"] is None
    wanted = {"payOrder": "Refusal", "syncOrder": "Refusal", "cancelOrder": "Refusal"}
    wanted |= {"bindPhone": "WeChatProblem", "deleteAccount": "WeChatProblem"}
    assert {field: answers[field]["data"][field]["__typename"] for field in wanted} == wanted
    opened = answers["openShare"]["data"]["openShare"]
    assert opened["share"] == {"visits": None, "newUsers": None, "codeImageUrl": None}
    assert (await shop.row(estate.variables["order"])).status == "PENDING"
    after = [await estate.seen(name, estate.owner.token) for name in NODES]
    assert without_visits(after) == without_visits(before)


def without_visits(seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The other user opened the share, as anybody may."""
    return [{**answer["data"]["node"], "visits": 0} for answer in seen]


async def test_who_is_no_operator_refunds_and_lists_nothing(estate: Estate) -> None:
    shop = estate.shop
    variables = estate.variables | {"order": estate.ids["Order"], "id": f"prd_{MISSING}"}

    for token in (estate.owner.token, estate.other.token):
        for field in ("refundOrder", "orders", "updateProduct"):
            answer = await shop.ask(CALLS[field], token, variables)
            assert answer["data"] == {field: None}
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]

    assert len(await shop.refund_rows(estate.ids["Order"])) == 1
    assert not (await shop.read(lambda: User.get(id=estate.other.user_id))).is_operator
