"""Pages of products: complete, in order, steady while others arrive, and by as many statements whatever their size."""

import base64
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from domain.pages import Cursor, Page
from domain.problems import BadRequest
from models.catalogue import Product
from tests.catalogue.shop import PRODUCTS, operator, page, stock_up
from tests.catalogue.statements import counted
from tests.world import World, error_codes

pytestmark = pytest.mark.anyio

ID = "prd_01k9z8y7x6w5v4t3s2r1q0p9n8"


def ids(found: Any) -> list[str]:
    return [node["id"] for node in found["nodes"]]


async def test_a_walk_sees_every_product_once_while_others_arrive(world: World) -> None:
    known = await stock_up(world, 120)
    seen: list[str] = []
    sizes: list[int] = []
    after = None
    while True:
        found = await page(world, 7, after)
        assert [edge["node"]["id"] for edge in found["edges"]] == ids(found)
        assert found["pageInfo"]["startCursor"] == found["edges"][0]["cursor"]
        assert found["pageInfo"]["endCursor"] == found["edges"][-1]["cursor"]
        assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += ids(found)
        sizes.append(len(found["nodes"]))
        after = found["pageInfo"]["endCursor"]
        await arrive(world)
        if not found["pageInfo"]["hasNextPage"]:
            break

    assert seen == known[::-1]
    assert sizes == [7] * 17 + [1]
    assert len(ids(await page(world, 50))) == 50


async def arrive(world: World) -> None:
    """A product newer than all others."""

    async def write() -> None:
        now = wire_clock()
        product = await Product.create(id=new_id(Prefix.PRODUCT, now), title="new", price=1, created_at=now)
        assert product.for_sale

    await world.units.run(write)


async def test_an_empty_catalogue_is_one_empty_page(world: World) -> None:
    assert await page(world) == {
        "edges": [],
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


async def test_without_a_number_there_are_twenty_and_the_last_page_knows_it_is_the_last(world: World) -> None:
    known = await stock_up(world, 40)

    first = await page(world)
    last = await page(world, 20, first["pageInfo"]["endCursor"])
    behind = await page(world, 20, last["pageInfo"]["endCursor"])

    assert (ids(first), ids(last), ids(behind)) == (known[:19:-1], known[19::-1], [])
    assert [found["pageInfo"]["hasNextPage"] for found in (first, last, behind)] == [True, False, False]
    assert [found["pageInfo"]["hasPreviousPage"] for found in (first, last, behind)] == [False, True, True]


async def test_a_page_behind_nothing_that_is_still_there_has_no_previous_one(world: World) -> None:
    await stock_up(world, 2)
    newest = (await page(world, 1))["pageInfo"]["endCursor"]

    async def withdraw_the_newest() -> None:
        product = await Product.all().order_by("-id").first()
        assert product is not None
        await Product.filter(id=product.id).update(for_sale=False)

    await world.units.run(withdraw_the_newest)
    found = await page(world, 1, newest)

    assert len(found["nodes"]) == 1
    assert found["pageInfo"]["hasPreviousPage"] is False


async def test_operators_page_through_everything_and_others_through_what_is_for_sale(world: World) -> None:
    token = (await operator(world))["token"]
    shown = await stock_up(world, 3)
    hidden = await stock_up(world, 3, for_sale=False)

    assert ids(await page(world, 10)) == shown[::-1]
    assert set(ids(await page(world, 10, token=token))) == {*shown, *hidden}


@pytest.mark.parametrize("size", [1, 10, 50])
async def test_a_page_costs_one_statement_and_a_later_one_two(world: World, size: int) -> None:
    await stock_up(world, 110)
    after = (await page(world, 1))["pageInfo"]["endCursor"]

    with counted() as first:
        await page(world, size)
    with counted() as later:
        await page(world, size, after)

    assert (len(first), len(later)) == (1, 2), (first, later)
    assert not [statement for statement in (*first, *later) if "products" not in statement]


@pytest.mark.parametrize("first", [0, -1, 51, 2_147_483_647, -2_147_483_648])
async def test_a_number_out_of_bounds_is_a_bad_request(world: World, first: int) -> None:
    answer = await world.ask(PRODUCTS, None, {"first": first})

    assert error_codes(answer) == ["BAD_REQUEST"]
    assert answer["data"] == {"products": None}


def cursor(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


HOSTILE = {
    "empty": "",
    "an id": ID,
    "padded": f"{Cursor(ID).encode()}==",
    "a blank before": f" {Cursor(ID).encode()}",
    "other base64": Cursor(ID).encode().replace("_", "/") + "/",
    "another version": cursor(f"b{ID}".encode()),
    "no version": cursor(ID.encode()),
    "another type": cursor(f"aord{ID[3:]}".encode()),
    "a longer id": cursor(f"a{ID}0".encode()),
    "SQL": cursor(b"aprd_' OR 1=1 --00000000000000"),
    "NUL": cursor(f"a{ID[:-1]}\0".encode()),
    "a line break": cursor(f"a{ID}\n".encode()),
    "capitals": cursor(f"a{ID.upper()}".encode()),
    "not UTF-8": cursor(b"a\xff\xfe"),
    "not ASCII": "茶" * 10,
    "very long": "YQ" * 20_000,
    "something else": "e30",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_cursor_that_cannot_be_read_is_a_bad_request(world: World, name: str) -> None:
    await stock_up(world, 1)

    answer = await world.ask(PRODUCTS, None, {"first": 1, "after": HOSTILE[name]})

    assert "BAD_REQUEST" in error_codes(answer)
    assert (answer.get("data") or {}).get("products") is None
    if HOSTILE[name]:
        assert HOSTILE[name] not in str(answer)


def test_a_lone_surrogate_is_no_cursor() -> None:
    with pytest.raises(BadRequest):
        Cursor.decode(Prefix.PRODUCT, "\ud800")


@given(st.text(max_size=80))
def test_no_text_but_a_cursor_is_read(text: str) -> None:
    with pytest.raises(BadRequest):
        Cursor.decode(Prefix.PRODUCT, text)


@given(st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=26, max_size=26), st.integers(0, 41), st.characters())
def test_a_cursor_is_read_back_and_a_changed_one_is_another_or_none(text: str, place: int, other: str) -> None:
    known = Cursor(f"prd_{text}")
    changed = known.encode()[:place] + other + known.encode()[place + 1 :]

    assert Cursor.decode(Prefix.PRODUCT, known.encode()) == known
    if changed != known.encode():
        with suppress(BadRequest):
            assert Cursor.decode(Prefix.PRODUCT, changed) != known


def test_a_page_keeps_what_it_knows_when_its_rows_become_something_else() -> None:
    assert Page([1, 2], has_next=True, has_previous=False).map(str) == Page(["1", "2"], True, False)
