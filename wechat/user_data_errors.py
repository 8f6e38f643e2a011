"""What is wrong with data from the phone, as a tree of its own: no call to WeChat has failed.

    UserDataError               data that is not taken; `detail` names the field or the step
    ├── Malformed               not of the form that WeChat gives, whatever the session_key is
    │   ├── MalformedBase64     encryptedData or iv is not base64 as it should be
    │   ├── MalformedSignature  the signature is not 40 lower-case hexadecimal digits
    │   ├── WrongIv             the iv is not 16 bytes
    │   └── WrongLength         empty, too long, or not of whole blocks
    ├── KeyDoesNotFit           nothing shows that it was this session_key: it may be stale
    │   ├── SignatureMismatch   rawData was not signed with it, or was changed
    │   └── NotOpened           no padding, no UTF-8 or no JSON object came of it
    └── WrongContent            the session_key fits, and still the content is not taken
        ├── NotAnObject         signed, but no JSON object
        ├── ForeignWatermark    for another app
        ├── StaleWatermark      too old, or from the future
        ├── ForeignOpenid       of another user
        ├── MissingField        a field that must be there is not
        ├── WrongField          a field of another type or form
        └── InconsistentPhone   the two numbers differ

Clients are told the three groups apart and no more: which step failed is for the log. No message holds a value.
"""


class UserDataError(Exception):
    """The root. `detail` is the name of a field or a step, never a value."""

    meaning = "the data is not taken"

    def __init__(self, detail: str = "") -> None:
        super().__init__(self.meaning + (f" ({detail})" if detail else ""))
        self.detail = detail


class Malformed(UserDataError):
    """Not of the form that WeChat gives: the mini program, or what is between it and here, changed it."""

    meaning = "the data is malformed"


class MalformedBase64(Malformed):
    """No canonical base64; spaces were already taken for `+`."""

    meaning = "not base64"


class MalformedSignature(Malformed):
    """The signature is not 40 lower-case hexadecimal digits."""

    meaning = "not a signature"


class WrongIv(Malformed):
    """The iv is not 16 bytes."""

    meaning = "the iv is not 16 bytes"


class WrongLength(Malformed):
    """Empty, longer than the phone ever sends, or not of whole blocks of 16 bytes."""

    meaning = "of a wrong length"


class KeyDoesNotFit(UserDataError):
    """Nothing shows that the data belongs to this session_key: another one may fit, or a new login is needed."""

    meaning = "the session key does not fit"


class SignatureMismatch(KeyDoesNotFit):
    """rawData was signed with another session_key, or changed since."""

    meaning = "the signature does not match"


class NotOpened(KeyDoesNotFit):
    """What was deciphered has no right padding, or is no JSON object in UTF-8."""

    meaning = "the data does not open"


class WrongContent(UserDataError):
    """The session_key fits, and the content is still not to be taken; another key would not help."""

    meaning = "the content is not taken"


class NotAnObject(WrongContent):
    """rawData is signed, but no JSON object."""

    meaning = "not a JSON object"


class ForeignWatermark(WrongContent):
    """The data was made for another app."""

    meaning = "the watermark is another app's"


class StaleWatermark(WrongContent):
    """The data is older than allowed, or from the future."""

    meaning = "the watermark is not of this time"


class ForeignOpenid(WrongContent):
    """The data is of another user than the session's."""

    meaning = "the openid is another user's"


class MissingField(WrongContent):
    """A field that must be there is absent or null."""

    meaning = "a field is missing"


class WrongField(WrongContent):
    """A field has another type or form than documented."""

    meaning = "a field is wrong"


class InconsistentPhone(WrongContent):
    """phoneNumber and purePhoneNumber are not one number."""

    meaning = "the numbers differ"
