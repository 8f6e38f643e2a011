"""Documents that mean harm, made from a seed in the words of a schema."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

CANARY = "sk-c4n4ry-0fa9"
"""The value in every literal and variable; no answer may hold it."""


@dataclass(frozen=True)
class Words:
    """Names of a schema for the documents to use: fields of the root type, and of the type of `tree`.

    `tree` answers an object that has `leaf`, and itself again under `branch`; `argument` of `call` takes a string.
    """

    root: str = "Query"
    scalar: str = "__typename"
    call: str = "take"
    argument: str = "text"
    tree: str = "node"
    tree_type: str = "Node"
    leaf: str = "name"
    branch: str = "child"


@dataclass(frozen=True)
class HostileDocument:
    """A well-formed request whose document or variables are made to hurt."""

    name: str
    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None

    def body(self) -> bytes:
        """The request as sent."""
        members = {"query": self.query, "variables": self.variables, "operationName": self.operation_name}
        return json.dumps(members).encode()


Recipe = Callable[[random.Random, Words], HostileDocument]


def hostile_documents(seed: int, count: int, words: Words) -> Iterator[HostileDocument]:
    """`count` documents, the same for the same seed; every recipe has its turn."""
    dice = random.Random(seed)
    for number in range(count):
        made = RECIPES[number % len(RECIPES)](dice, words)
        yield HostileDocument(f"{number} {made.name}", made.query, made.variables, made.operation_name)


def _fragment_bomb(dice: random.Random, words: Words) -> HostileDocument:
    size, width = dice.randint(2, 60), dice.randint(2, 5)
    bottom = dice.choice((words.scalar, "", f"{words.tree}{{{words.leaf}}}"))
    chain = "".join(f" fragment F{n} on {words.root}{{{f'...F{n + 1} ' * width}}}" for n in range(size))
    return HostileDocument("fragment bomb", f"{{...F0}}{chain} fragment F{size} on {words.root}{{{bottom}}}")


def _deep_fragments(dice: random.Random, words: Words) -> HostileDocument:
    size = dice.randint(2, 40)
    chain = "".join(
        f" fragment F{n} on {words.tree_type}{{{words.branch}{{...F{n + 1}}} b:{words.branch}{{...F{n + 1}}}}}"
        for n in range(size)
    )
    return HostileDocument(
        "deep fragments",
        f"{{{words.tree}{{...F0}}}}{chain} fragment F{size} on {words.tree_type}{{{words.leaf}}}",
    )


def _aliases(dice: random.Random, words: Words) -> HostileDocument:
    field_ = dice.choice(("__typename", f"{words.tree}{{{words.leaf}}}", f"{words.branch}{{{words.leaf}}}"))
    aliased = " ".join(f"a{n}:{field_}" for n in range(dice.randint(11, 200)))
    return HostileDocument("aliases", "{" + dice.choice((aliased, f"{words.tree}{{{aliased}}}")) + "}")


def _directives(dice: random.Random, words: Words) -> HostileDocument:
    directive = dice.choice(("@include(if:true)", "@skip(if:false)", "@x", f'@x(y:"{CANARY}")'))
    return HostileDocument("directives", f"{{{words.scalar} {directive * dice.randint(21, 200)}}}")


def _depth(dice: random.Random, words: Words) -> HostileDocument:
    depth = dice.choice((10, 50, 190, 250, 5_000))
    opened = f"{{{words.tree}" + f"{{{words.branch}" * depth + f"{{{words.leaf}"
    return HostileDocument("depth", opened + "}" * opened.count("{"))


def _overlap(dice: random.Random, words: Words) -> HostileDocument:
    times = dice.randint(31, 240)
    nested = dice.choice((words.leaf, f"{words.branch}{{{words.leaf}}}", f"...on {words.tree_type}{{{words.leaf}}}"))
    inner = f"{words.branch}{{{nested}}}" * times
    outer = f"{words.tree}{{{nested}}}" * times
    return HostileDocument("overlap", "{" + dice.choice((outer, f"{words.tree}{{{inner}}}")) + "}")


def _overlap_in_fragments(dice: random.Random, words: Words) -> HostileDocument:
    names = [f"F{n}" for n in range(dice.randint(10, 50))]
    fragments = " ".join(f"fragment {name} on {words.tree_type}{{{words.leaf} {words.leaf}}}" for name in names)
    spreads = " ".join(f"...{name}" for name in names)
    return HostileDocument(
        "overlap in fragments", f"{{{words.tree}{{{spreads}}} {words.tree}{{{spreads}}}}} {fragments}"
    )


def _size(dice: random.Random, words: Words) -> HostileDocument:
    filler = dice.choice((" ", ",", "\n", "#\n", f" {words.scalar}", "# x\n", "\ufeff"))
    return HostileDocument("size", f"{{{words.scalar}" + filler * dice.randint(2_000, 60_000 // len(filler)) + "}")


def _long_token(dice: random.Random, words: Words) -> HostileDocument:
    long = dice.choice(("x", "\\n", "\\u0041", "é")) * dice.randint(1_000, 9_000)
    literal = dice.choice((f'"{long}{CANARY}"', f'"""{long}{CANARY}"""', "1" * 9_000, f"{'9' * 9_000}.5", "A" * 9_000))
    return HostileDocument("long token", f"{{{words.call}({words.argument}:{literal})}}")


def _introspection(dice: random.Random, words: Words) -> HostileDocument:
    step = dice.choice(("fields{type", "fields{args{type", "possibleTypes{fields{type", "interfaces{fields{type"))
    depth = dice.randint(2, 60)
    start = dice.choice(("__schema{types", f'__type(name:"{words.tree_type}")'))
    opened = f"{{{start}" + f"{{{step}" * depth + "{name"
    return HostileDocument("introspection", opened + "}" * opened.count("{"))


def _introspection_aliases(dice: random.Random, _words: Words) -> HostileDocument:
    fields = " ".join(f"a{n}:fields{{name args{{name}}}}" for n in range(dice.randint(21, 100)))
    return HostileDocument("introspection aliases", f"{{__schema{{types{{{fields}}}}}}}")


def _introspection_fragments(dice: random.Random, _words: Words) -> HostileDocument:
    size = dice.randint(3, 40)
    chain = "".join(f" fragment F{n} on __Type{{fields{{type{{...F{n + 1}}}}}}}" for n in range(size))
    return HostileDocument(
        "introspection fragments", f"{{__schema{{types{{...F0}}}}}}{chain} fragment F{size} on __Type{{name}}"
    )


def _unicode(dice: random.Random, words: Words) -> HostileDocument:
    strange = "\u202e\u200b\u0000\ud800\udfff\u2028\U0001f600\ufeff\u0301\u00ad'\"\\`$<>%{}"
    text = "".join(dice.choice(strange) for _ in range(dice.randint(1, 500)))
    place = dice.choice(
        ("{%s}", f"{{{words.scalar}}} # %s", f'{{{words.call}({words.argument}:"%s")}}', "query %s {a}")
    )
    return HostileDocument("unicode", place % text, {"a": text}, dice.choice((None, text)))


def _operations(dice: random.Random, words: Words) -> HostileDocument:
    names = [f"Q{n}" for n in range(dice.randint(2, 200))]
    text = " ".join(f"query {name}{{{words.scalar}}}" for name in names)
    return HostileDocument("operations", text, {}, dice.choice((None, "Q1", CANARY, "")))


def _circles(dice: random.Random, words: Words) -> HostileDocument:
    size = dice.randint(1, 40)
    nested = dice.choice(("%s", f"{words.tree}{{%s}}", f"...on {words.root}{{%s}}"))
    chain = "".join(f" fragment F{n} on {words.root}{{{nested % f'...F{(n + 1) % size}'}}}" for n in range(size))
    return HostileDocument("circles", dice.choice(("{...F0}", f"{{{words.scalar}}}")) + chain)


def _variables(dice: random.Random, words: Words) -> HostileDocument:
    others = " ".join(f"$v{n}:Int" for n in range(dice.choice((0, 0, 0, 45, 120))))
    type_ = dice.choice(("String", "String!", "Int", "[String]", words.tree_type, "Nothing"))
    values: tuple[Any, ...] = (
        CANARY,
        [CANARY] * 900,
        {CANARY: CANARY},
        10**300,
        1e308,
        "x" * 40_000,
        [[[[]]]],
        None,
        True,
    )
    text = f"query($v:{type_} {others}){{{words.call}({words.argument}:$v)}}"
    return HostileDocument("variables", text, {"v": dice.choice(values)})


def _variable_uses(dice: random.Random, words: Words) -> HostileDocument:
    names = [f"F{n}" for n in range(dice.randint(5, 45))]
    fragments = " ".join(
        f"fragment {name} on {words.root}{{{words.call}({words.argument}:$v{dice.randint(0, 9)})}}" for name in names
    )
    spreads = " ".join(f"...{name}" for name in names)
    operations = " ".join(f"query Q{n}($v{n}:String){{{spreads}}}" for n in range(dice.randint(1, 10)))
    return HostileDocument("variable uses", f"{operations} {fragments}", {"v0": CANARY}, "Q0")


def _deep_literals(dice: random.Random, words: Words) -> HostileDocument:
    opened, closed = dice.choice((("[", "]"), ("{a:", "}"), ("[{a:[", "]}]")))
    depth = dice.choice((5, 60, 190, 210, 3_000))
    literal = opened * depth + f'"{CANARY}"' + closed * depth
    return HostileDocument("deep literals", f"{{{words.call}({words.argument}:{literal})}}")


def _wide_literals(dice: random.Random, words: Words) -> HostileDocument:
    literal = dice.choice(
        (
            "[" + "1 " * 900 + "]",
            "{" + "".join(f"a{n}:1 " for n in range(300)) + "}",
            f'["{CANARY}"' * 300,
            "[" + "$a " * 99 + "]",
        )
    )
    return HostileDocument("wide literals", f"{{{words.call}({words.argument}:{literal})}}")


def _arguments(dice: random.Random, words: Words) -> HostileDocument:
    name = dice.choice((words.argument, "nothing", "a%d"))
    text = " ".join(f'{name % n if "%" in name else name}:"{CANARY}"' for n in range(dice.randint(2, 240)))
    return HostileDocument("arguments", f"{{{words.call}({text})}}")


def _unused(dice: random.Random, words: Words) -> HostileDocument:
    size = dice.randint(2, 60)
    fragments = " ".join(f"fragment F{n} on {words.root}{{...F{n + 1} ...Missing{n}}}" for n in reversed(range(size)))
    return HostileDocument("unused fragments", f"{{{words.scalar} ...Missing}} {fragments}")


def _definitions(dice: random.Random, words: Words) -> HostileDocument:
    text = dice.choice(
        (
            f'type A @deprecated(reason:"{CANARY}"){{a:Int}}',
            "extend type Query{a:Int}",
            "schema{query:Query}",
            "subscription{a}",
            f'"{CANARY}" query A{{{words.scalar}}}',
            "enum E{" + " ".join(f"V{n}" for n in range(500)) + "}",
        )
    )
    return HostileDocument("definitions", text * dice.randint(1, 3) + dice.choice(("", f"{{{words.scalar}}}")))


def _mangled(dice: random.Random, words: Words) -> HostileDocument:
    text = list(f'query A($a:String="{CANARY}"){{x:{words.call}({words.argument}:$a)@skip(if:false){{...on A{{b}}}}}}')
    for _ in range(dice.randint(1, 8)):
        text[dice.randrange(len(text))] = dice.choice('{}()[]!$:@="|&.#\\"0-e \n\u0000é')
    return HostileDocument("mangled", "".join(text), {"a": CANARY})


RECIPES: tuple[Recipe, ...] = (
    *(_fragment_bomb, _deep_fragments, _aliases, _directives, _depth, _overlap, _overlap_in_fragments, _size),
    *(_long_token, _introspection, _introspection_aliases, _introspection_fragments, _unicode, _operations, _circles),
    *(_variables, _variable_uses, _deep_literals, _wide_literals, _arguments, _unused, _definitions, _mangled),
)
