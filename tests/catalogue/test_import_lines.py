"""What an import takes and what it refuses, cell by cell, without a database."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.problems import BadRequest
from services.catalogue.import_lines import Line, check_records
from services.catalogue.import_text import COLUMNS, read_records
from services.catalogue.pictures import picture_check

PUBLIC_URL = "http://shop.example"
OURS = f"{PUBLIC_URL}/media/products/{'0' * 64}.jpg"


def checked(text: str | bytes) -> list[dict[str, Any] | list[str]]:
    """Of each record its key and fields, or everything that is wrong with it."""
    content = text.encode() if isinstance(text, str) else text
    return [
        {"key": found.key, **found.fields} if isinstance(found, Line) else [str(fault) for fault in found]
        for found in check_records(read_records(content), picture_check(PUBLIC_URL))
    ]


def one(column: str, cell: str) -> dict[str, Any] | list[str]:
    """A line of CSV that is right but for one cell."""
    cells = {"title": "t", "price": "1"} | {column: cell}
    if column == "price_yuan":
        del cells["price"]
    quoted = ['"' + text.replace('"', '""') + '"' for text in cells.values()]
    [found] = checked(f"{','.join(cells)}\n{','.join(quoted)}")
    return found


def test_a_whole_line_of_csv() -> None:
    text = (
        "key,title,price,stock,description,imageUrl,forSale\r\n"
        f'a-1, 茶 ,1250,7,"一, ""二""\r\n三",{OURS},FALSE\r\n'
        ",t,1,,,,\r\n"
    )

    assert checked(text) == [
        {
            "key": "a-1",
            "title": "茶",
            "price": 1250,
            "stock": 7,
            "description": '一, "二"\n三',
            "image_url": OURS.removeprefix(PUBLIC_URL),
            "for_sale": False,
        },
        {
            "key": None,
            "title": "t",
            "price": 1,
            "stock": None,
            "description": None,
            "image_url": None,
            "for_sale": True,
        },
    ]


def test_the_same_as_json() -> None:
    item = {
        "key": "a-1",
        "title": "茶",
        "price_yuan": "12.5",
        "stock": 7,
        "description": "d",
        "imageUrl": None,
        "forSale": False,
    }

    assert checked("\ufeff" + json.dumps([item, {"title": "t", "price": 1}])) == [
        {
            "key": "a-1",
            "title": "茶",
            "price": 1250,
            "stock": 7,
            "description": "d",
            "image_url": None,
            "for_sale": False,
        },
        {"key": None, "title": "t", "price": 1},
    ]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_byte_order_marks_and_line_ends_of_every_system(mark: bytes, end: bytes) -> None:
    text = mark + end.join([b"title,price", "茶,1".encode(), b"", b" , ", b"b,2", b""])

    assert [found["title"] for found in checked(text) if isinstance(found, dict)] == ["茶", "b"]
    assert len(checked(text)) == 2


@pytest.mark.parametrize(
    ("cell", "fen"),
    [("12.50", 1250), ("12.5", 1250), ("12", 1200), ("0.01", 1), (" 19.99 ", 1999), ("21474836.47", 2_147_483_647)],
)
def test_yuan_are_read_by_their_digits(cell: str, fen: int) -> None:
    found = one("price_yuan", cell)

    assert isinstance(found, dict)
    assert found["price"] == fen


@given(st.integers(1, 2_147_483_647))
def test_every_price_in_yuan_is_its_fen(fen: int) -> None:
    found = one("price_yuan", f"{fen // 100}.{fen % 100:02}")

    assert isinstance(found, dict)
    assert found["price"] == fen


WIDE = "\uff11\uff12"  # digits to Python, not to us
YUAN = 'must be yuan as a text with at most two decimals, as in "12.50"'
WHOLE = "must be a whole number, in digits alone"


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        *[("price_yuan", cell, YUAN) for cell in ("12.505", "1,250", "¥12", "12.", ".5", "1e3", "-1", WIDE, "NaN")],
        ("price_yuan", "0", "must be 1 to 2147483647 fen"),
        ("price_yuan", "21474836.48", "must be 1 to 2147483647 fen"),
        *[("price", cell, WHOLE) for cell in ("12.50", "1,250", "1e3", WIDE, "0x10", "9" * 19, "+1")],
        ("price", "0", "must be 1 to 2147483647 fen"),
        ("price", "-5", "must be 1 to 2147483647 fen"),
        ("price", "2147483648", "must be 1 to 2147483647 fen"),
        ("price", "", "exactly one of price and price_yuan must be there"),
        ("stock", "-1", "must be 0 to 1000000000"),
        ("stock", "1000000001", "must be 0 to 1000000000"),
        ("stock", "many", WHOLE),
        ("title", " ", "must not be empty"),
        ("title", "茶" * 129, "must be at most 128 characters"),
        ("title", "a\nb", "must not hold control characters or lone surrogates"),
        ("description", "a\0b", "must not hold control characters or lone surrogates"),
        ("description", "茶" * 4001, "must be at most 4000 characters"),
        ("key", "k" * 65, "must be at most 64 characters"),
        ("key", "joined:x", "must not begin with joined:"),
        ("forSale", "maybe", "must be true or false"),
        *[
            ("imageUrl", cell, "must be an https address of at most 1024 characters, or what /uploads/product gave")
            for cell in ("http://img.example/a.jpg", "a.jpg", f"{PUBLIC_URL}/media/avatars/{'0' * 64}.jpg")
        ],
    ],
)
def test_a_cell_that_is_wrong_is_named(column: str, cell: str, fault: str) -> None:
    assert one(column, cell) == [f"line 2: {column}: {fault}"]


@pytest.mark.parametrize("value", [12.5, True, "12", [], {}, "", 10**400])
def test_json_prices_are_whole_numbers(value: Any) -> None:
    [found] = checked(json.dumps([{"title": "t", "price": value}]))

    assert found == {"key": None, "title": "t", "price": 12} if value == "12" else isinstance(found, list)


@pytest.mark.parametrize("value", [12.5, 12, True, None, "x"])
def test_json_yuan_are_texts(value: Any) -> None:
    [found] = checked(json.dumps([{"title": "t", "price_yuan": value}]))

    assert isinstance(found, list)


def test_everything_wrong_with_every_line_is_told() -> None:
    lines = [
        "key,title,price,price_yuan,stock",
        "a,,0,,x",
        "b,ok,1,,",
        "b,again,1,1.00,",
        "c,ok",
        '"d","two',
        'lines",1,,',
        "b,third,1,,",
    ]

    assert checked("\n".join(lines)) == [
        [f"line 2: stock: {WHOLE}", "line 2: title: must not be empty", "line 2: price: must be 1 to 2147483647 fen"],
        {"key": "b", "title": "ok", "price": 1, "stock": None},
        ["line 4: price: exactly one of price and price_yuan must be there", "line 4: key: is that of line 3 too"],
        ["line 5: has 2 cells, the header 5"],
        ["line 6: title: must not hold control characters or lone surrogates"],
        ["line 8: key: is that of line 3 too"],
    ]


def test_json_items_that_are_no_products_are_told() -> None:
    assert checked('[1, {"titel": "t"}, {"title": 5, "price": 1}, {"key": 7, "title": "t", "price": 1}]') == [
        ["item 1: must be an object"],
        [f'item 2: "titel" is no column; the columns are {", ".join(COLUMNS)}'],
        ["item 3: title: must be a text"],
        ["item 4: key: must be a text"],
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "the file is empty"),
        ("title,price\n茶,1".encode("gbk"), "line 2: is not in UTF-8; save the file again in that encoding"),
        (b"title;price\na;1", 'line 1: "title;price" is no column; the columns are '),
        (b"title,price,title\na,1,b", "line 1: names a column twice"),
        (b"title,key\na,b", "line 1: the columns title and price or price_yuan are needed"),
        (b"price\n1", "line 1: the columns title and price or price_yuan are needed"),
        (b'title,price\n"a,1\n', "line 2: cannot be read as CSV; "),
        (b'title,price\n"a"b,1\n', "line 2: cannot be read as CSV; "),
        (b"title,price\n" + b"a" * 200_000 + b",1", "line 2: cannot be read as CSV; "),
        (b'{"title": "t", "price": 1}', "the JSON must be a list of objects"),
        (b'[\n{"title": }]', "line 2: cannot be read as JSON"),
        (b'[{"title": "t", "price": NaN}]', "the JSON cannot be read"),
        (b'[{"title": "t", "price": ' + b"9" * 5000 + b"}]", "the JSON cannot be read"),
        (b"[" * 100_000, "the JSON cannot be read"),
    ],
)
def test_a_file_that_is_none_is_told_in_one_line(content: bytes, told: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_records(content)

    assert refused.value.message.startswith(told)
    assert "\n" not in refused.value.message


@given(st.binary(max_size=300))
def test_no_bytes_break_it(content: bytes) -> None:
    with suppress(BadRequest):
        assert len(checked(content)) <= len(content)


@given(st.text(max_size=200))
def test_no_text_behind_a_header_breaks_it(text: str) -> None:
    with suppress(BadRequest):
        assert all(checked(b"title,price\n" + text.encode()))
