"""Reading WeChat's answers: a JSON object or an error, and the fields of the object.

The content type is not believed, since WeChat labels JSON as text/plain; errmsg is not believed, since it changes.
"""

import re
from typing import Any

from wechat.errcodes import error_for
from wechat.errors import Unreadable
from wechat.http import Answer
from wechat.strict_json import parse_object

# The present form in its exact shape, and the older `req_id`: both too short for a secret, a code or an openid, and
# with letters, so that no phone number passes for one.
_RID = re.compile(
    r"\brid: ([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})(?![\w-])"
    r"|\breq_id: (?=[\w.-]*[A-Za-z])([\w.-]{1,20})(?![\w.-])",
    re.ASCII,
)
_OK_STATUS = 200


def read_object(path: str, answer: Answer, *, sends_secret: bool = False) -> dict[str, Any]:
    """The JSON object of a successful answer: errcode absent or 0.

    Raises Unreadable for another status than 200 and for what is no object in strict UTF-8, otherwise the error that
    belongs to the errcode. `sends_secret` is true of calls that carry the AppSecret.
    """
    if answer.status != _OK_STATUS:
        raise Unreadable(path, status=answer.status)
    content = parse_object(answer.body)
    if content is None:
        raise Unreadable(path, "no JSON object")
    errcode = content.get("errcode", 0)
    if type(errcode) is not int:
        raise Unreadable(path, "errcode is no whole number")
    if errcode != 0:
        raise error_for(path, errcode, _rid(content.get("errmsg")), sends_secret=sends_secret)
    return content


def required_text(path: str, content: dict[str, Any], name: str, *, longest: int) -> str:
    """A field that must be there: text of 1 to `longest` printable characters."""
    text = content.get(name)
    if not isinstance(text, str) or not 1 <= len(text) <= longest or not text.isprintable():
        raise Unreadable(path, f"no usable {name}")
    return text


def optional_text(path: str, content: dict[str, Any], name: str, *, longest: int) -> str | None:
    """As `required_text`; None where the field is absent, null or empty."""
    return None if content.get(name) in (None, "") else required_text(path, content, name, longest=longest)


def required_number(path: str, content: dict[str, Any], name: str) -> int:
    """A field that must be there: a whole number above zero."""
    number = content.get(name)
    if type(number) is not int or number <= 0:
        raise Unreadable(path, f"no usable {name}")
    return number


def _rid(errmsg: object) -> str | None:
    found = _RID.search(errmsg) if isinstance(errmsg, str) else None
    return (found[1] or found[2]) if found else None
