"""Why a picture that a user sent is not taken.

    BadRequest
    └── ImageRefused
        ├── TooLarge         more bytes than are read
        ├── NotAnImage       not JPEG, PNG, WebP or GIF, by its content
        ├── TooManyPixels    decoding it would take more memory than one picture is given
        ├── Truncated        it ends before its picture does
        └── Damaged          of one of the four formats, and still no decoder should see it, or the decoder gave up

Nothing has been stored when one of them is raised. The messages are shown to the client and quote nothing of the file.
"""

from domain.problems import BadRequest


class ImageRefused(BadRequest):
    """The root; raised as one of its kinds."""


class TooLarge(ImageRefused):
    """More bytes than the limit, which is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The picture is larger than {limit} bytes.")


class NotAnImage(ImageRefused):
    """The content is of no known format, whatever its name or declared type says."""

    def __init__(self) -> None:
        super().__init__("The file is no JPEG, PNG, WebP or GIF picture.")


class TooManyPixels(ImageRefused):
    """Found in the file's header, before anything was decoded."""

    def __init__(self) -> None:
        super().__init__("The picture has too many pixels; one of 1600 by 1600 is always small enough.")


class Truncated(ImageRefused):
    """The file ends too early, as after an upload that was cut off."""

    def __init__(self) -> None:
        super().__init__("The picture is incomplete: the file ends too early.")


class Damaged(ImageRefused):
    """The file breaks the rules of its format, or uses what no picture of a phone uses."""

    def __init__(self) -> None:
        super().__init__("The picture is damaged or of an unusual kind.")
