"""What the page's first tab asks for is what the API has."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "schema.graphql"


@pytest.mark.skipif(not CONTRACT.is_file(), reason="schema.graphql is not exported: appletql schema")
def test_the_sample_is_valid_against_the_exported_schema() -> None:
    source = (ROOT / "playground" / "src" / "graphiql" / "sample.ts").read_text(encoding="utf-8")
    operations = re.search(r"const OPERATIONS = `(.*?)`;", source, re.DOTALL)

    assert operations is not None
    assert validate(build_schema(CONTRACT.read_text(encoding="utf-8")), parse(operations[1])) == []
