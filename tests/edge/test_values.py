"""A value that is wrong is described by its place and the type that was expected; it never comes back."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.edge.hostile import CANARY
from tests.edge.sample import serving

pytestmark = pytest.mark.anyio

ONE_OF = "exactly one field of 'Lookup' must be given, and not null."
MAYBE = "null cannot be given here: leave it out."
CONFLICT = (
    "Fields 'x' conflict because they have differing arguments. "
    "Use different aliases on the fields to fetch both if this was intentional."
)
NUMBER = 98_765_432_123
"""Too large for an Int, and as easy to find."""


async def _messages(query: str, **members: Any) -> list[str]:
    async with serving(suggestions=True) as edge:
        with capture_logs() as logs:
            response = await edge.ask(query, **members)
    for canary in (CANARY, str(NUMBER), "CANARY"):
        assert canary not in response.text
        assert canary not in json.dumps(logs)
    errors = response.json()["errors"]
    assert {error["extensions"]["code"] for error in errors} == {"BAD_REQUEST"}
    return [error["message"] for error in errors]


@pytest.mark.parametrize(
    ("argument", "type_", "value", "fault"),
    [
        ("text", "String", 7, "expected a value of type 'String'."),
        ("text", "String", [CANARY], "expected a value of type 'String'."),
        ("text", "String", {CANARY: CANARY}, "expected a value of type 'String'."),
        ("count", "Int", CANARY, "expected a value of type 'Int'."),
        ("count", "Int", NUMBER, "expected a value of type 'Int'."),
        ("count", "Int", 1.5, "expected a value of type 'Int'."),
        ("count", "Int", True, "expected a value of type 'Int'."),
        ("ratio", "Float", CANARY, "expected a value of type 'Float'."),
        ("flag", "Boolean", CANARY, "expected a value of type 'Boolean'."),
        ("key", "ID", 1.5, "expected a value of type 'ID'."),
        ("key", "ID", [CANARY], "expected a value of type 'ID'."),
        ("colour", "Colour", CANARY, "expected a value of type 'Colour'."),
        ("colour", "Colour", "red", "expected a value of type 'Colour'."),
        ("on", "Date", CANARY, "expected a value of type 'Date'."),
        ("on", "Date", NUMBER, "expected a value of type 'Date'."),
        ("ids", "[ID!]", ["a", None, CANARY], " at '1': expected a value of type 'ID!', not null."),
        ("ids", "[ID!]", {CANARY: 1}, "expected a value of type 'ID'."),
        ("point", "Point", CANARY, "expected an object of type 'Point'."),
        ("point", "Point", [CANARY], "expected an object of type 'Point'."),
        ("point", "Point", {"y": NUMBER - NUMBER}, "the field 'x' of type 'Int!' is required."),
        ("point", "Point", {"x": CANARY}, " at 'x': expected a value of type 'Int'."),
        ("point", "Point", {"x": None}, " at 'x': expected a value of type 'Int!', not null."),
        ("point", "Point", {"x": 1, CANARY: CANARY}, "a field is given that 'Point' does not have."),
        ("point", "Point", {"x": 1, "colour": CANARY}, " at 'colour': expected a value of type 'Colour'."),
        ("point", "Point", {"x": 1, "others": [{"x": 2}, 3]}, " at 'others.1': expected an object of type 'Point'."),
        ("points", "[Point!]", [{"x": CANARY}], " at '0.x': expected a value of type 'Int'."),
        ("lookup", "Lookup", {}, ONE_OF),
        ("lookup", "Lookup", {"id": CANARY, "number": CANARY}, ONE_OF),
        ("lookup", "Lookup", {"id": None}, ONE_OF),
        ("lookup", "Lookup", {"id": [CANARY]}, " at 'id': expected a value of type 'ID'."),
    ],
)  # fmt: skip
async def test_variables(argument: str, type_: str, value: Any, fault: str) -> None:
    query = f"query($v:{type_}){{take({argument}:$v)}}"
    messages = await _messages(query, variables={"v": value, CANARY: CANARY})
    assert messages == ["Variable '$v'" + (fault if fault.startswith(" at") else f": {fault}")]


async def test_a_variable_that_is_missing() -> None:
    assert await _messages("query($n:Int!){times(count:$n)}", variables={}) == [
        "Variable '$n' of type 'Int!' is required."
    ]
    query = "query($n:Int!){times(count:$n)}"
    assert await _messages(query, variables={"n": None}) == [
        "Variable '$n': expected a value of type 'Int!', not null."
    ]


async def test_several_faults_of_variables_are_listed_and_bounded() -> None:
    value = [{"x": CANARY} for _ in range(100)]
    messages = await _messages("query($v:[Point!]){take(points:$v)}", variables={"v": value})
    assert messages == [f"Variable '$v' at '{index}.x': expected a value of type 'Int'." for index in range(5)]


@pytest.mark.parametrize(
    ("literal", "message"),
    [
        (f"text:{NUMBER}", "Argument 'text': expected a value of type 'String'."),
        ("text:CANARY", "Argument 'text': expected a value of type 'String'."),
        (f'text:["{CANARY}"]', "Argument 'text': expected a value of type 'String'."),
        (f'count:"{CANARY}"', "Argument 'count': expected a value of type 'Int'."),
        (f"count:{NUMBER}", "Argument 'count': expected a value of type 'Int'."),
        (f'ratio:"{CANARY}"', "Argument 'ratio': expected a value of type 'Float'."),
        (f'flag:"{CANARY}"', "Argument 'flag': expected a value of type 'Boolean'."),
        ("key:CANARY", "Argument 'key': expected a value of type 'ID'."),
        ("colour:CANARY", "Argument 'colour': expected a value of type 'Colour'."),
        (f'colour:"{CANARY}"', "Argument 'colour': expected a value of type 'Colour'."),
        (f'on:"{CANARY}"', "Argument 'on': expected a value of type 'Date'."),
        (f"on:{NUMBER}", "Argument 'on': expected a value of type 'Date'."),
        (f'point:"{CANARY}"', "Argument 'point': expected an object of type 'Point'."),
        (f'point:{{x:"{CANARY}"}}', "Argument 'point' at 'x': expected a value of type 'Int'."),
        (f'point:{{y:1,colour:RED,on:"2026-01-01",others:[{{x:"{CANARY}"}}],x:1}}',
         "Argument 'point' at 'others.0.x': expected a value of type 'Int'."),
        ("point:{y:1}", "Argument 'point': the field 'x' of type 'Int!' is required."),
        ("point:{x:null}", "Argument 'point' at 'x': expected a value of type 'Int!', not null."),
        (f'point:{{x:1,zz:"{CANARY}"}}', "Argument 'point': a field is given that 'Point' does not have."),
        ("point:{x:1,colour:CANARY}", "Argument 'point' at 'colour': expected a value of type 'Colour'."),
        (f'lookup:{{id:"{CANARY}",number:"{CANARY}"}}',
         f"Argument 'lookup': {ONE_OF}"),
        ("lookup:{}", f"Argument 'lookup': {ONE_OF}"),
        ("lookup:{id:null}", f"Argument 'lookup': {ONE_OF}"),
        (f'ids:["a",null,"{CANARY}"]', "Argument 'ids' at '1': expected a value of type 'ID!', not null."),
        (f'ids:[["{CANARY}"]]', "Argument 'ids' at '0': expected a value of type 'ID'."),
        ("change:{name:null}", MAYBE),
    ],
)  # fmt: skip
async def test_literals(literal: str, message: str) -> None:
    assert await _messages(f"{{take({literal})}}") == [message]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (f'query($n:Int="{CANARY}"){{times(count:$n)}}',
         "The default of variable '$n': expected a value of type 'Int'."),
        (f'{{ping @include(if:"{CANARY}")}}', "Argument 'if': expected a value of type 'Boolean'."),
        (f'{{ping(a:"{CANARY}")}}', "Unknown argument 'a' on field 'Query.ping'."),
        (f'{{ping @nothing(a:"{CANARY}")}}', "Unknown directive '@nothing'."),
        (f'{{take(count:$v) a:take(text:"{CANARY}")}}', "Variable '$v' is not defined."),
        (f'{{x:take(text:"{CANARY}") x:take(text:"b")}}', CONFLICT),
        (f'{{take(text:"a","{CANARY}")}}', "Syntax Error: Expected Name, found String."),
        (f'{{take(text "{CANARY}")}}', "Syntax Error: Expected ':', found String."),
        (f'"{CANARY}"', "Syntax Error: Unexpected <EOF>."),
        (f'{{take(text:"{CANARY})}}', "Syntax Error: Unterminated string."),
        (f'{{take(text:"""{CANARY}""" """{CANARY}""")}}', "Syntax Error: Expected Name, found BlockString."),
        (f'{{take(text:"\\{CANARY}")}}', "Syntax Error: The document cannot be read from here on."),
        (f"{{take(count:{NUMBER} {NUMBER})}}", "Syntax Error: Expected Name, found Int."),
        (f"{{take(count:0{NUMBER})}}", "Syntax Error: The document cannot be read from here on."),
        (f"{{take(ratio:.{NUMBER})}}", "Syntax Error: The document cannot be read from here on."),
        ("{take(colour:CANARY CANARY)}", "Syntax Error: Expected ':', found ')'."),
        ("query($c:Colour=$CANARY){ping}", "Syntax Error: The document cannot be read from here on."),
        ("{" * 500, "Syntax Error: Expected Name, found '{'."),
        ("{a" * 500, "Syntax Error: Document is nested too deeply. Parsing aborted."),
    ],
)  # fmt: skip
async def test_values_elsewhere_in_a_document(query: str, message: str) -> None:
    assert (await _messages(query))[0] == message


async def test_variables_are_left_aside_where_literals_are_described() -> None:
    query = f'query($n:Int,$m:Int!){{take(count:$n point:{{x:$m,y:"{CANARY}"}})}}'
    assert await _messages(query) == ["Argument 'point' at 'y': expected a value of type 'Int'."]
    query = "query($n:Int,$m:Int!,$c:Colour){take(count:$n point:{x:$m,colour:$c})}"
    messages = await _messages(query, variables={"m": 1, "c": CANARY})
    assert messages == ["Variable '$c': expected a value of type 'Colour'."]


async def test_an_unknown_operation_name_is_not_repeated() -> None:
    messages = await _messages("query A{ping}", operationName=CANARY)
    assert messages == ["The document has no operation of the name in 'operationName'."]


async def test_faults_that_show_only_when_a_field_is_executed() -> None:
    async with serving() as edge:
        late = await edge.ask("query($n:Int=3){times(count:$n)}", variables={"n": None})
        maybe = await edge.ask("query($c:Change){take(change:$c)}", variables={"c": {"name": None}})
        directive = await edge.ask("query($b:Boolean=true){ping @skip(if:$b)}", variables={"b": None})
        literal = f'query($n:Int=3){{take(text:"{CANARY}",point:{{x:$n}})}}'
        inside = await edge.ask(literal, variables={"n": None})
    assert _shown(late) == ("Argument 'count' has an invalid value or none.", ["times"])
    assert _shown(maybe) == ("An argument has an invalid value.", ["take"])
    assert _shown(directive) == ("Argument 'if' has an invalid value or none.", None)
    assert _shown(inside) == ("Argument 'point' has an invalid value or none.", ["take"])
    assert CANARY not in inside.text


def _shown(response: Any) -> tuple[str, list[str] | None]:
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    return error["message"], error.get("path")


@pytest.mark.parametrize(
    "query",
    [
        "{take(lookup:{id:$undefined})}",
        "query($x:ID){take(lookup:{id:$x})}",
        "{...F} fragment F on Query{take(lookup:{id:$x})}",
    ],
)
async def test_variables_in_a_one_of_input_are_checked_without_a_crash(query: str) -> None:
    async with serving() as edge:
        [error] = await edge.errors(query)
    assert error["extensions"] == {"code": "BAD_REQUEST"}


async def test_a_fragment_may_stand_before_the_operation_whose_variable_it_uses() -> None:
    query = "fragment F on Query{take(lookup:{id:$x})} query($x:ID!){...F}"
    async with serving() as edge:
        assert (await edge.ask(query, variables={"x": "1"})).json() == {"data": {"take": "taken"}}


async def test_good_values_are_taken() -> None:
    literals = 'colour:RED on:"2026-01-31" count:-1 ratio:2'
    query = f"query($p:Point,$l:Lookup,$i:[ID!]){{take(point:$p lookup:$l ids:$i {literals})}}"
    variables = {"p": {"x": 1, "others": {"x": 2, "colour": "BLUE"}}, "l": {"number": "7"}, "i": "a"}
    async with serving() as edge:
        assert (await edge.ask(query, variables=variables)).json() == {"data": {"take": "taken"}}
