"""The problems that each mutation can raise, against the union that its clients were promised."""

from collections.abc import Iterable, Mapping

from tests.architecture.rules.definitions import Definitions
from tests.architecture.rules.reach import chains
from tests.architecture.rules.sources import Source, floors

PROBLEM = "domain.problems.Problem"
_READ_FLOORS = ("domain", "models", "resolvers", "schema", "services", "wechat")


def unpromised(sources: Iterable[Source], promised: Mapping[str, set[str]]) -> list[str]:
    """Problems, with the chain of calls to each, that a mutation can raise and its union does not name."""
    definitions = Definitions(floors(sources, *_READ_FLOORS))
    found = []
    for mutation, members in promised.items():
        starts = _functions_called(definitions, mutation)
        if not any(key.startswith("resolvers.") for key in starts):
            found.append(f"{mutation}: no function of this name in resolvers/")
        for problem, chain in _raised(definitions, starts).items():
            if problem not in members:
                found.append(f"{mutation}: {problem} is not in its union; {' → '.join(chain)}")
    return found


def problem_classes(sources: Iterable[Source]) -> set[str]:
    """The names of the classes derived from Problem."""
    definitions = Definitions(floors(sources, *_READ_FLOORS))
    return {_name(key) for key in _problems(definitions)} - {_name(PROBLEM)}


def _functions_called(definitions: Definitions, name: str) -> list[str]:
    return sorted(
        key for key in definitions.code if _name(key).lstrip("_") == name and key.startswith(("resolvers.", "schema."))
    )


def _raised(definitions: Definitions, starts: Iterable[str]) -> dict[str, list[str]]:
    problems = _problems(definitions)
    raised: dict[str, list[str]] = {}
    for reading, chain in chains(definitions, starts).values():
        for problem in sorted(reading.classes & problems):
            raised.setdefault(_name(problem), chain)
    return raised


def _problems(definitions: Definitions) -> set[str]:
    return {key for key in definitions.classes if PROBLEM in definitions.ancestry(key)}


def _name(key: str) -> str:
    return key.rpartition(".")[2]
