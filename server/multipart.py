"""The one file of a form as `wx.uploadFile` sends it: streamed, in memory, bounded in every direction."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from server.graphql.refusals import HttpRefusal

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MULTIPART: Final = b"multipart/form-data"
_LONGEST_TYPE: Final = 1024  # taking one apart takes the square of its length
_HURRY: Final = {"Connection": "close"}  # the rest of the body is of no use to anybody


@dataclass(frozen=True, kw_only=True)
class FormLimits:
    """The most bytes of the file, the most bytes of everything else, and the most parts of a form."""

    file: int
    rest: int = 64 * 1024
    parts: int = 20

    @property
    def body(self) -> int:
        """The most bytes of a whole body."""
        return self.file + self.rest


async def read_file(
    content_type: str, content_length: str, body: AsyncIterable[bytes], name: str, limits: FormLimits
) -> bytes:
    """The content of the one file in a form, in its field `name`; fields of text are passed over.

    Raises HttpRefusal: 415 for another content type, 413 as soon as a limit is passed, 400 for a form that is
    malformed, incomplete, or has no file, a second one or one in another field.
    """
    boundary = _boundary(content_type)
    if content_length.isdecimal() and (
        len(content_length) > len(str(limits.body)) or int(content_length) > limits.body
    ):
        raise _too_large(limits)
    form = _Form(boundary, name, limits)
    async for chunk in body:
        form.write(chunk)
    return form.finish()


def _boundary(content_type: str) -> bytes:
    if len(content_type) > _LONGEST_TYPE:
        raise _malformed("The Content-Type is too long.")
    kind, options = parse_options_header(content_type)
    if kind.lower() != _MULTIPART:
        raise HttpRefusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content_type", "The Content-Type must be multipart/form-data."
        )
    if not options.get(b"boundary"):
        raise _malformed("The Content-Type has no boundary.")
    return options[b"boundary"]


class _Form:
    """A form while it is being read; only the file's bytes are kept."""

    def __init__(self, boundary: bytes, name: str, limits: FormLimits) -> None:
        self._name = name.encode()
        self._limits = limits
        self._file: bytearray | None = None
        self._size = 0
        self._parts = 0
        self._is_in_file = False
        self._is_complete = False
        self._field = b""
        self._value = b""
        self._disposition = b""
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin_part,
            "on_header_begin": self._begin_header,
            "on_header_field": self._take_field,
            "on_header_value": self._take_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._take_data,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError:
            raise _malformed("The boundary is too long.") from None

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limits.body:
            raise _too_large(self._limits)
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise _malformed("The form is malformed.") from None
        if self._size - len(self._file or b"") > self._limits.rest:
            raise _too_large(self._limits)

    def finish(self) -> bytes:
        if not self._is_complete:
            raise _malformed("The form ends too early.")
        if self._file is None:
            raise _malformed(f"The form has no file in a field '{self._name.decode()}'.")
        return bytes(self._file)

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > self._limits.parts:
            raise _malformed(f"The form has more than {self._limits.parts} parts.")
        self._disposition = b""

    def _begin_header(self) -> None:
        self._field = self._value = b""

    def _take_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._is_in_file = b"filename" in options
        if not self._is_in_file:
            return
        if options.get(b"name") != self._name or self._file is not None:
            raise _malformed(f"The form may have one file, in a field '{self._name.decode()}'.")
        self._file = bytearray()

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_in_file and self._file is not None:
            self._file += data[start:end]
            if len(self._file) > self._limits.file:
                raise _too_large(self._limits)

    def _end(self) -> None:
        self._is_complete = True


def _malformed(message: str) -> HttpRefusal:
    return HttpRefusal(HTTPStatus.BAD_REQUEST, "form", message, _HURRY)


def _too_large(limits: FormLimits) -> HttpRefusal:
    message = f"The file is larger than {limits.file} bytes, or there is too much beside it."
    return HttpRefusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", message, _HURRY)
