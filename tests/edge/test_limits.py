"""Each limit holds exactly: what reaches it passes, one more is refused; and bombs are refused in no time."""

import time
from typing import NamedTuple

import pytest
from graphql import GraphQLObjectType, build_schema, get_introspection_query, parse

from domain.problems import BadRequest
from schema.assembly import export_sdl
from schema.document_rows import CONNECTIONS
from schema.limits import Limits, check_limits

FULL_INTROSPECTION = get_introspection_query(
    descriptions=True,
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    experimental_directive_deprecation=True,
    one_of=True,
)


def _check(text: str, *, introspection: bool = True) -> None:
    check_limits(parse(text), Limits(), introspection=introspection)


def _refusal(text: str, *, introspection: bool = True) -> str:
    with pytest.raises(BadRequest) as refusal:
        _check(text, introspection=introspection)
    return refusal.value.message


LEVELS, INTROSPECTED_LEVELS = "levels of fields", "levels of introspection fields"
INTROSPECTED_ALIASES = "aliases of introspection fields"
LITERALS = "levels of lists and objects in a literal"
LISTS, PATH = "introspection lists inside one another", "fields merged into one response path"
LOGINS, EXPORTS, ROWS = "`login` fields", "`exportMyData` fields", "rows of lists"


class Bound(NamedTuple):
    """A document with `limit` of what is called `label`.

    The template has `rest` of them and gets the others as `piece` at each `*` and `end` at each `^`; `#` numbers them.
    """

    name: str
    limit: int
    label: str
    rest: int
    template: str
    piece: str
    end: str = ""

    def document(self, count: int) -> str:
        pieces = "".join(self.piece.replace("#", str(number)) for number in range(count - self.rest))
        return self.template.replace("*", pieces).replace("^", self.end * (count - self.rest))


def _names(count: int) -> str:
    return " ".join(f"f{number}" for number in range(count))


BOUNDS = [
    Bound("depth", 10, LEVELS, 1, "{a*^}", "{a", "}"),
    Bound("depth of a fragment", 10, LEVELS, 2, "{a{...F}} fragment F on A{b*^}", "{a", "}"),
    Bound("depth inline", 10, LEVELS, 2, "{a{...{...on A{b*^}}}}", "{a", "}"),
    Bound("depth beside introspection", 10, LEVELS, 1, "{__schema{b} ...{a*^}}", "{a", "}"),
    Bound("fields", 300, "fields", 1, "{a{*}}", "f# "),
    Bound("fields spread twice", 300, "fields", 203,
          "{a{...F}b{...F}c{*}} fragment F on A{" + _names(100) + "}", "f# "),
    Bound("fields of two operations", 300, "fields", 2, "query A{a{*}} query B{a}", "f# "),
    Bound("fields of no operation", 300, "fields", 1, "{a} fragment F on A{*}", "f# "),
    Bound("root fields", 10, "root fields", 0, "{*}", "f# "),
    Bound("root fields of fragments", 10, "root fields", 1, "{...F ...on Q{g}} fragment F on Q{...{*}}", "f# "),
    Bound("root fields, introspected", 10, "root fields", 1, "{* __schema{a}}", "f# "),
    Bound("root fields of the second", 10, "root fields", 0, "query A{a} mutation B{*}", "f# "),
    Bound("aliases", 20, "aliases", 0, "{a{*}}", "x#:b "),
    Bound("aliases spread twice", 20, "aliases", 4, "{a{...F} b{...F} c{*}} fragment F on A{x:a y:a}", "x#:b "),
    Bound("aliases beside introspected ones", 20, "aliases", 2, "{a{*} x:__schema{y:b}}", "x#:b "),
    Bound("introspection aliases", 4, INTROSPECTED_ALIASES, 2, "{x:__schema{a{x:b} *} a{x:b}}", "x#:b "),
    Bound("introspection aliases of fragments", 4, INTROSPECTED_ALIASES, 3,
          "{__schema{...F} ...G a{...F}} fragment F on A{x:b y:b} fragment G on Q{x:__schema{*}}", "x#:b "),
    Bound("directives", 20, "directives", 0, "{a{b*}}", "@d"),
    Bound("directives of operations", 20, "directives", 2, "query A($v:I@d)@d{a*} query B{a}", "@d"),
    Bound("directives of fragments", 20, "directives", 4, "{a{...@d{b} ...F@d}} fragment F on A@d{c@d d*}", "@d"),
    Bound("literals", 32, LITERALS, 1, "{a(b:1,c:[*1^])}", "{d:", "}"),
    Bound("literals of directives", 32, LITERALS, 0, "{a{...@d(b:*1^){c}}}", "[1 ", "]"),
    Bound("literals of variables", 32, LITERALS, 0, "query($v:I=*1^){a}", "[1 ", "]"),
    Bound("literals of fragments", 32, LITERALS, 0, "{a{...F}} fragment F on A@d(b:*1^){a}", "[1 ", "]"),
    Bound("fragments", 50, "fragments", 1, "{...F} fragment F on Q{a} *", "fragment F# on Q{a} "),
    Bound("spreads", 300, "fragment spreads", 240,
          "{a{*" + "...F " * 60 + "}} fragment F on A{...{...{...{}}}}", "...{}"),
    Bound("operations", 10, "operations", 0, "*", "query Q#{a} "),
    Bound("variables", 50, "variables", 1, "query A($a:I){a} query B(*){a}", "$v#:I "),
    Bound("one path", 30, PATH, 0, "{a{*}}", "b "),
    Bound("one path by alias", 30, PATH, 2, "{a{x:b x:c *}}", "x "),
    Bound("one path below merged parents", 30, PATH, 5, "{a{b b b} a{...F ...F} a{*}} fragment F on A{b}", "...{b}"),
    Bound("one path of no operation", 30, PATH, 0, "{a} fragment F on A{*}", "b "),
    Bound("introspection depth", 16, INTROSPECTED_LEVELS, 1, "{__schema*^}", "{a", "}"),
    Bound("introspection depth of a fragment", 16, INTROSPECTED_LEVELS, 2,
          "{__type{...F}} fragment F on T{b*^}", "{a", "}"),
    Bound("introspection fields", 400, "introspection fields", 1, "{__schema{*}}", "f# "),
    Bound("introspection fields of fragments", 400, "introspection fields", 202,
          "{__schema{...F} __type{...F *}} fragment F on T{" + _names(100) + "}", "g# "),
    Bound("introspection lists", 2, LISTS, 0, "{__schema{*a^}}", "types{", "}"),
    Bound("introspection lists, mixed", 2, LISTS, 1, "{__type{fields{args{type{*a^}}}}}", "inputFields{", "}"),
    Bound("introspection lists of a fragment", 2, LISTS, 1,
          "{__schema{types{...F}}} fragment F on T{*a^}", "possibleTypes{", "}"),
    Bound("logins", 1, LOGINS, 0, "mutation{*}", "login(input:{code:1}){a} "),
    Bound("logins by alias", 1, LOGINS, 0, "mutation{*}", "x#:login{a} "),
    Bound("logins of fragments", 1, LOGINS, 0, "mutation{a *} fragment F on M{login{a}}", "...F "),
    Bound("logins of several operations", 1, LOGINS, 0, "mutation A{*} mutation B{b}", "...on M{login{a}} "),
    Bound("exports", 1, EXPORTS, 0, "{...{*}}", "x#:exportMyData "),
    Bound("exports of fragments", 1, EXPORTS, 0, "{a *} fragment F on Q{exportMyData}", "...F "),
    Bound("rows", 200, ROWS, 199, "{a:products(first:50){nodes{a} edges{b} x:c} orders(first:49){nodes{a}}*}",
          " b:products(first:1){nodes{a}}"),
]  # fmt: skip


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_a_limit_is_exact(bound: Bound) -> None:
    _check(bound.document(bound.limit))
    expected = f"The document exceeds the limit of {bound.limit} {bound.label}: {bound.limit + 1} found."
    assert _refusal(bound.document(bound.limit + 1)) == expected


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("{products{pageInfo{a}}}", 0),
        ("{products{nodes{a}}}", 20),
        ("{products(first:7){nodes{a}}}", 7),
        ("{products(first:7){nodes{a} edges{node{a}}}}", 14),
        ("{products(first:7){x:nodes{a} y:nodes{a b:c}}}", 21),
        ("{products(first:7){edges{x:node{a} y:node{a}}}}", 21),
        ("{me{orders(first:7){...{...on O{nodes{a}}}}}}", 7),
        ("{products(first:7){...F ...F}} fragment F on C{nodes{a} ...G} fragment G on C{edges{x:node{a}}}", 42),
        ("{...F x:a{...F}} fragment F on Q{products(first:7){nodes{a}}}", 14),
        ("query($n:Int=1){products(first:$n){nodes{a}}}", 50),
        ("{products(first:99999999999999999999){nodes{a}}}", 50),
        ("{products(first:-1){nodes{a}}}", 50),
        ('{products(first:"1"){nodes{a}}}', 50),
        ("{__schema{products{nodes{a}}} nodes{a} x:edges{a}}", 0),
        ("query A{products(first:7){nodes{a}}} query B{products(first:7){nodes{a}}}", 14),
    ],
)
def test_rows_are_counted_as_often_as_they_are_written(text: str, rows: int) -> None:
    check_limits(parse(text), Limits(rows=rows), introspection=True)
    if rows:
        with pytest.raises(BadRequest, match=f"limit of {rows - 1} rows of lists: {rows} found"):
            check_limits(parse(text), Limits(rows=rows - 1), introspection=True)


def test_every_field_that_the_limits_name_is_there() -> None:
    schema = build_schema(export_sdl())
    objects = [type_ for type_ in schema.type_map.values() if isinstance(type_, GraphQLObjectType)]
    pages = {name for each in objects for name, field in each.fields.items() if str(field.type).endswith("Connection")}
    single = [each.name for each in objects for name in ("login", "exportMyData") if name in each.fields]
    assert pages == CONNECTIONS
    assert sorted(single) == ["Mutation", "Query"]


def test_every_limit_can_be_set() -> None:
    document = parse("{a{b}}")
    check_limits(document, Limits(depth=2), introspection=False)
    with pytest.raises(BadRequest, match="limit of 1 levels of fields: 2 found"):
        check_limits(document, Limits(depth=1), introspection=False)


def test_the_full_introspection_query_is_within_the_limits() -> None:
    _check(FULL_INTROSPECTION)
    _check(get_introspection_query(type_depth=10))


def test_fields_named_like_introspection_lists_are_ordinary_elsewhere() -> None:
    _check("{fields{types{fields{interfaces{possibleTypes{inputFields}}}}}}")


@pytest.mark.parametrize(
    "text",
    [
        "{__schema{types{name}}}",
        '{x:__type(name:"A"){name}}',
        "{...F} fragment F on Query{...{__schema{a}}}",
        "{a} fragment F on Query{__schema{a}}",
        "{a{b{__schema{a}}}}",
        "query A{a} query B{__type{a}}",
    ],
)
def test_introspection_can_be_switched_off(text: str) -> None:
    _check(text)
    assert _refusal(text, introspection=False) == "Introspection is switched off."


def test_typename_is_no_introspection() -> None:
    _check("{__typename a{__typename}}", introspection=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{...F} fragment F on Q{...F}", "The fragment 'F' spreads itself."),
        ("{...F} fragment F on Q{a{...G}} fragment G on A{...{...F}}", "The fragment 'F' spreads itself."),
        ("{a} fragment F on Q{...G} fragment G on Q{...F}", "The fragment 'F' spreads itself."),
        ("{...F} fragment F on Q{a} fragment F on Q{b}", "There can be only one fragment named 'F'."),
    ],
)
def test_fragments_without_a_meaning_are_refused(text: str, message: str) -> None:
    assert _refusal(text) == message


def test_an_unknown_fragment_is_left_to_validation() -> None:
    _check("{...F a{...G}}")


def _bomb(bottom: str, width: int) -> str:
    chain = " ".join(f"fragment F{n} on Q{{{f'...F{n + 1} ' * width}}}" for n in range(48))
    return f"{{a{{...F0}}}} {chain} fragment F48 on Q{{{bottom}}}"


@pytest.mark.parametrize("bottom", ["b", "x:b", "b@d", "", "...{b}", "__schema{a}", "...F99"])
def test_a_fragment_bomb_is_measured_in_linear_time(bottom: str) -> None:
    documents = [parse(_bomb(bottom, width)) for width in (2, 2, 5)]
    started = time.process_time()
    for document in documents:
        with pytest.raises(BadRequest, match=": 1000000 found"):
            check_limits(document, Limits(), introspection=True)
    assert time.process_time() - started < 0.05


def test_a_document_at_every_limit_is_measured_in_no_time() -> None:
    text = f"{{a{{{'...F ' * 29}}}}} fragment F on A{{{_names(10)}}}"
    document = parse(text)
    started = time.process_time()
    check_limits(document, Limits(), introspection=True)
    assert time.process_time() - started < 0.02
