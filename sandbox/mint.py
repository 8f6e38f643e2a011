"""The mint of the sandbox: every random value that it hands out, from one injected source."""

import base64
import random
import string

_URL_SAFE = string.ascii_letters + string.digits + "-_"
_ALPHANUMERIC = string.ascii_letters + string.digits


class Mint:
    """Values of the length and alphabet that WeChat's have."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def openid(self) -> str:
        """28 characters; a unionid looks the same."""
        return "o" + self._text(_URL_SAFE, 27)

    def code(self) -> str:
        """32 characters, as wx.login gives."""
        return "0" + self._text(_ALPHANUMERIC, 31)

    def phone_code(self) -> str:
        """64 hex digits, as the getPhoneNumber button gives."""
        return self._source.randbytes(32).hex()

    def mainland_number(self) -> str:
        """A phone number of mainland China: 138 and 8 digits."""
        return f"138{self._source.randrange(10**8):08d}"

    def initialization_vector(self) -> bytes:
        """16 bytes."""
        return self._source.randbytes(16)

    def session_key(self) -> str:
        """16 bytes in base64: 24 characters."""
        return base64.b64encode(self._source.randbytes(16)).decode()

    def access_token(self) -> str:
        """136 characters; WeChat asks for room for 512."""
        return "99_" + self._text(_URL_SAFE, 133)

    def rid(self, real_time: float) -> str:
        """The request id at the end of each errmsg; its first part is the time in seconds."""
        return f"{int(real_time):08x}-{self._source.getrandbits(32):08x}-{self._source.getrandbits(32):08x}"

    def request_id(self, number: int) -> str:
        """The Request-ID of WeChat Pay: an id and the number of the error, 0 where there is none."""
        return f"{self._source.getrandbits(40):010X}{self._source.getrandbits(40):010X}-{number}"

    def nonce(self) -> str:
        """32 characters, as WeChat Pay puts beside its signatures."""
        return self._text(_ALPHANUMERIC, 32)

    def short_nonce(self) -> str:
        """12 characters, as WeChat Pay seals with."""
        return self._text(_ALPHANUMERIC, 12)

    def prepay_id(self, moment: str) -> str:
        """36 characters; `moment` is 14 digits of date and time."""
        return f"wx{moment}{self._source.getrandbits(80):020x}"

    def transaction_id(self) -> str:
        """28 digits."""
        return f"4200{self._source.randrange(10**24):024d}"

    def refund_id(self) -> str:
        """28 digits; the number that the merchant's console gives its own refunds looks the same."""
        return f"5030{self._source.randrange(10**24):024d}"

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self._source.random() < probability

    def _text(self, alphabet: str, length: int) -> str:
        return "".join(self._source.choices(alphabet, k=length))
