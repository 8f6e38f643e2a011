"""Documents are prepared once as long as they are remembered, and no more of them are than allowed."""

from graphql import DocumentNode

from schema.limits import Limits
from server.graphql.documents import CacheLimits, Documents
from tests.edge.sample import build_schema
from tests.edge.test_limits import FULL_INTROSPECTION


def _documents(cache_limits: CacheLimits, limits: Limits | None = None) -> Documents:
    schema = build_schema()._schema
    limits = limits or Limits()
    return Documents(schema, limits, introspection=True, suggestions=False, cache_limits=cache_limits)


def _refusal(documents: Documents, text: str) -> str:
    errors = documents.prepare(text)
    assert isinstance(errors, tuple)
    [error] = errors
    return error["message"]


def test_a_document_is_prepared_once() -> None:
    documents = _documents(CacheLimits())
    first = documents.prepare("{ping}")
    assert isinstance(first, DocumentNode)
    assert documents.prepare("{ping}") is first
    assert documents.prepare("{ ping }") is not first


def test_refusals_are_remembered_too() -> None:
    documents = _documents(CacheLimits())
    for text in ("{", "{nothing}", "{a b c d e f g h i j k}"):
        first = documents.prepare(text)
        assert isinstance(first, tuple)
        assert documents.prepare(text) is first


def test_the_least_recently_used_is_forgotten() -> None:
    documents = _documents(CacheLimits(entries=2))
    a, b = documents.prepare("{a:ping}"), documents.prepare("{b:ping}")
    assert documents.prepare("{a:ping}") is a
    documents.prepare("{c:ping}")
    assert documents.prepare("{a:ping}") is a
    assert documents.prepare("{b:ping}") is not b


def test_the_memory_of_all_is_bounded() -> None:
    documents = _documents(CacheLimits(memory=50_000))
    for number in range(200):
        documents.prepare(f"{{a{number}:ping b:ping}}")
        assert documents._memory <= 50_000
    assert documents._memory == sum(size for _, size in documents._remembered.values())
    assert 5 <= len(documents._remembered) <= 10


def test_a_long_text_is_not_remembered() -> None:
    documents = _documents(CacheLimits(longest=50))
    text = "{ping}".ljust(50)
    assert documents.prepare(text) is documents.prepare(text)
    assert documents.prepare(text + " ") is not documents.prepare(text + " ")


def test_the_full_introspection_query_is_prepared_and_remembered() -> None:
    documents = _documents(CacheLimits())
    assert isinstance(documents.prepare(FULL_INTROSPECTION), DocumentNode)
    assert documents.prepare(FULL_INTROSPECTION) is documents.prepare(FULL_INTROSPECTION)


def test_tokens_and_comments_are_limited_exactly() -> None:
    documents = _documents(CacheLimits(), Limits(tokens=9, comments=2))
    assert isinstance(documents.prepare("{take(text:null)#1\n} #2"), DocumentNode)
    assert isinstance(documents.prepare("query{take(text:null)}"), DocumentNode)
    tokens = _refusal(documents, "query Q{take(text:null)}")
    assert tokens == "The document exceeds the limit of 9 tokens: more than 9 found."
    comments = _refusal(documents, "{ping #1\n#2\n#3\n}")
    assert comments == "The document exceeds the limit of 2 comments: more than 2 found."


def test_a_document_of_a_thousand_tokens_is_parsed() -> None:
    documents = _documents(CacheLimits())
    text = '{take(ids:["' + '" "'.join("a" * 991) + '"])}'
    assert isinstance(documents.prepare(text), DocumentNode)
    refusal = _refusal(documents, text.replace('"]', '" "a"]'))
    assert refusal == "The document exceeds the limit of 1000 tokens: more than 1000 found."
