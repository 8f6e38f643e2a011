"""Documents that promise something: decision records, the README's settings, the committed contract."""

from importlib import import_module

import pytest

from tests.architecture.rules.documents import (
    DECISIONS,
    HEADINGS,
    decision_faults,
    settings_faults,
    settings_of_code,
    settings_of_readme,
)
from tests.architecture.rules.sdl import drift
from tests.architecture.rules.sources import ROOT, Source, planted

RECORD = "# A title\n\n" + "\n\n".join(f"## {heading}\nText." for heading in HEADINGS)


def test_decision_records_are_numbered_and_whole(texts: dict[str, str]) -> None:
    records = {path.removeprefix(DECISIONS): text for path, text in texts.items() if path.startswith(DECISIONS)}
    assert len(records) > 0
    assert decision_faults(records) == []


@pytest.mark.parametrize(
    ("records", "faults"),
    [
        ({"0001-floors.md": RECORD, "0002-unit-of-work.md": RECORD}, []),
        ({"0001-floors.md": RECORD, "0003-ids.md": RECORD}, ["the numbers are [1, 3], not 1 to 2"]),
        ({"0001-floors.md": RECORD, "0001-ids.md": RECORD}, ["the numbers are [1, 1], not 1 to 2"]),
        ({"0001-floors.md": RECORD, "Ids.md": RECORD}, ["Ids.md is not called NNNN-title.md"]),
        (
            {"0001-floors.md": RECORD.replace("## Alternatives\nText.", "")},
            [f"0001-floors.md has the headings {HEADINGS[:3]}, not {HEADINGS}"],
        ),
    ],
)
def test_a_faulty_record_is_found(records: dict[str, str], faults: list[str]) -> None:
    assert decision_faults(records) == faults


def test_the_readme_names_exactly_the_settings_that_are_read(
    texts: dict[str, str], sources: tuple[Source, ...]
) -> None:
    assert settings_faults(texts.get("README.md", ""), sources) == []


SETTINGS = [
    planted(
        "server/settings.py",
        """
        class Settings(PaySettings, BaseSettings):
            model_config = SettingsConfigDict(env_prefix="APPLETQL_")
            database_url: str = "sqlite://./appletql.db"
            apps: list[App] = []
            _seen: bool = False
            limits: ClassVar[int] = 3
        """,
    ),
    planted("server/settings_pay.py", "class PaySettings:\n    mchid: str | None = None"),
    planted("services/settings.py", "class Settings:\n    other: str"),
]
README = """\
# AppletQL
| `NOTHING` | of this |

## Settings

| variable | meaning |
|---|---|
| `APPLETQL_DATABASE_URL` | not `SQLITE` |
| `APPLETQL_APPS`, `MCHID` | several |

## Commands
| `PORT` | no setting |
"""


def test_settings_are_read_from_the_code_and_from_the_readme() -> None:
    assert settings_of_code(SETTINGS) == {"DATABASE_URL", "APPS", "MCHID"}
    assert settings_of_readme(README) == {"DATABASE_URL", "APPS", "MCHID"}
    assert settings_faults(README, SETTINGS) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (", `MCHID`", "", "the README does not name APPLETQL_MCHID"),
        ("`MCHID`", "`MCHID` `APPID`", "the README names APPLETQL_APPID, which nothing reads"),
        ("## Settings", "## Something", "the README names 0 settings, server/settings reads 3"),
    ],
)
def test_a_setting_that_is_only_told_or_only_read_is_found(old: str, new: str, fault: str) -> None:
    assert settings_faults(README.replace(old, new), SETTINGS) == [fault]


def test_every_kind_of_incident_is_explained(texts: dict[str, str]) -> None:
    kinds = [kind.value for kind in import_module("domain.incidents").IncidentKind]
    rows = "".join(line for line in texts["docs/payments.md"].splitlines() if line.startswith("| `"))
    assert [kind for kind in kinds if f"`{kind}`" not in rows] == []


def test_the_committed_contract_is_the_exported_one(texts: dict[str, str]) -> None:
    exported: str = import_module("schema.assembly").export_sdl()
    assert drift(texts.get("schema.graphql", ""), exported) == ""
    assert (ROOT / "schema.graphql").is_file()


def test_a_stale_contract_is_found() -> None:
    assert drift("type Query {\n  me: ID\n}\n", "type Query {\n  me: ID!\n}\n").splitlines()[-4:] == [
        " type Query {",
        "-  me: ID",
        "+  me: ID!",
        " }",
    ]
