"""Refusals of a request as HTTP, before there is a GraphQL answer to give."""

from collections.abc import Mapping
from http import HTTPStatus


class HttpRefusal(Exception):
    """Answered with `status` and one GraphQL error of the code BAD_REQUEST.

    `reason` is one word for the log; the message is shown to the client and never quotes what it sent.
    """

    def __init__(self, status: HTTPStatus, reason: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.headers = headers or {}


def bad_body(message: str) -> HttpRefusal:
    """The body, or the query string of a GET, is not a GraphQL request."""
    return HttpRefusal(HTTPStatus.BAD_REQUEST, "body", message)
