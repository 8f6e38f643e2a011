"""Clients that were generated from the contract go on working: the API may add to it, nothing else."""

import pytest

from tests.architecture.rules.contract import breaks

CONTRACT = """
type Query { me(first: Int = 20): User  node(id: ID!): Node }
type User implements Node { id: ID!  nickname: String }
interface Node { id: ID! }
union Result = User
input Wanted { amount: Int! }
"""


def test_the_contract_is_kept(texts: dict[str, str]) -> None:
    assert breaks(texts["tests/data/contract.graphql"], texts["schema.graphql"]) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("nickname: String", "nickname: String  city: String"),
        ("union Result = User", "union Result = User | Other\ntype Other { id: ID! }"),
        ("amount: Int!", "amount: Int!  note: String"),
        ("node(id: ID!)", "node(id: ID!, fresh: Boolean = null)"),
    ],
    ids=["field", "member", "optional input", "argument"],
)
def test_more_is_free(old: str, new: str) -> None:
    assert breaks(CONTRACT, CONTRACT.replace(old, new)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nickname: String", "city: String", "User.nickname was removed"),
        ("nickname: String", "nickname: String!", "User.nickname: String became String!"),
        ("= 20", "= 50", "Query.me(first): Int = 20 became Int = 50"),
        ("amount: Int!", "amount: Int!  note: String!", "note"),
        ("User implements Node", "User", "Node"),
        (
            "union Result = User",
            "union Result = Other\ntype Other { id: ID! }",
            "User was removed from union",
        ),
    ],
    ids=["field", "null", "default", "needed input", "interface", "member"],
)
def test_anything_else_is_found(old: str, new: str, said: str) -> None:
    found = breaks(CONTRACT, CONTRACT.replace(old, new))

    assert any(said in each for each in found), found
