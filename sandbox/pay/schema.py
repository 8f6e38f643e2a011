"""What the fields of a request must be: WeChat Pay checks the JSON before it looks at the business.

An unknown field, a null, a wrong type or length is 400 PARAM_ERROR with the field as a JSON pointer.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.pay.errors import Detail, PayRefusal

_LARGEST = 2**63 - 1


class Field(Protocol):
    """What a value must be."""

    @property
    def required(self) -> bool:
        """Whether it may not be missing."""

    def check(self, value: Any, pointer: str) -> None:
        """Raises PayRefusal."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string of so many characters, or bytes in UTF-8 where `in_bytes`; `pattern` must fit the whole of it."""

    longest: int
    shortest: int = 1
    pattern: str = "(?s:.*)"
    in_bytes: bool = False
    required: bool = False

    def check(self, value: Any, pointer: str) -> None:
        """Raises PayRefusal."""
        if not isinstance(value, str):
            raise _wrong(pointer, value, "应为字符串")
        length = len(value.encode()) if self.in_bytes else len(value)
        if not self.shortest <= length <= self.longest:
            raise _wrong(pointer, value, f"输入源长度应为{self.shortest}到{self.longest}")
        if not re.fullmatch(self.pattern, value):
            raise _wrong(pointer, value, "输入源格式错误")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some strings."""

    values: tuple[str, ...]
    required: bool = False

    def check(self, value: Any, pointer: str) -> None:
        """Raises PayRefusal."""
        if not isinstance(value, str) or value not in self.values:
            raise _wrong(pointer, value, f"输入源不在枚举值{list(self.values)}中")


@dataclass(frozen=True, slots=True)
class Whole:
    """A JSON integer; 1.0, "1" and true are none."""

    least: int = 0
    required: bool = False

    def check(self, value: Any, pointer: str) -> None:
        """Raises PayRefusal."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong(pointer, value, "应为整数")
        if not self.least <= value <= _LARGEST:
            raise _wrong(pointer, value, f"输入源数值应不小于{self.least}")


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    required: bool = False

    def check(self, value: Any, pointer: str) -> None:
        """Raises PayRefusal."""
        if not isinstance(value, bool):
            raise _wrong(pointer, value, "应为布尔值")


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of at least one and at most so many."""

    item: Field
    most: int
    required: bool = False

    def check(self, value: Any, pointer: str) -> None:
        """Raises PayRefusal."""
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            raise _wrong(pointer, value, f"输入源应为1到{self.most}项的数组")
        for index, each in enumerate(value):
            self.item.check(each, f"{pointer}/{index}")


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of these fields and no others, of at most so many bytes of JSON."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    required: bool = False
    most_bytes: int = _LARGEST

    def check(self, value: Any, pointer: str) -> None:
        """Raises PayRefusal."""
        if not isinstance(value, dict):
            raise _wrong(pointer, value, "应为对象")
        for name in value.keys() - self.fields.keys():
            raise _wrong(f"{pointer}/{_escaped(name)}", value[name], "未定义的参数")
        for name, expected in self.fields.items():
            if name in value:
                expected.check(value[name], f"{pointer}/{name}")
            elif expected.required:
                raise _wrong(f"{pointer}/{name}", None, "缺少必填参数")
        if len(canonical(value).encode()) > self.most_bytes:
            raise _wrong(pointer, None, f"输入源长度超过{self.most_bytes}字节")


def read_body(raw: bytes, content_type: str | None, expected: Fields) -> dict[str, Any]:
    """The JSON object of a request. Raises PayRefusal PARAM_ERROR."""
    if (content_type or "").partition(";")[0].strip().lower() != "application/json":
        raise PayRefusal("PARAM_ERROR", "Http头Content-Type应为application/json")
    try:
        content = json.loads(raw, parse_constant=_refuse_constant)
        # Half a surrogate pair is JSON and no text.
        canonical(content).encode()
    except (ValueError, RecursionError):
        raise PayRefusal("PARAM_ERROR", "请求的body不是合法的JSON") from None
    if not isinstance(content, dict):
        raise PayRefusal("PARAM_ERROR", "请求的body不是JSON对象")
    expected.check(content, "")
    return content


def canonical(value: Any) -> str:
    """JSON in which neither the order of fields nor spaces make a difference."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def wrong_query(name: str, value: str | None, issue: str) -> PayRefusal:
    """PARAM_ERROR for a query parameter."""
    return PayRefusal("PARAM_ERROR", detail=Detail(name, value, issue, "query"))


def wrong_field(pointer: str, value: Any, issue: str) -> PayRefusal:
    """PARAM_ERROR for a field of the body."""
    return _wrong(pointer, value, issue)


def _wrong(pointer: str, value: Any, issue: str) -> PayRefusal:
    return PayRefusal("PARAM_ERROR", detail=Detail(pointer, value, issue))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _refuse_constant(_name: str) -> float:
    raise ValueError
