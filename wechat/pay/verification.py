"""The four headers by which WeChat Pay signs an answer or a notice, and whether an answer is to be believed.

Follows "Verifying signatures" of WeChat Pay's documentation.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from domain.clock import Clock
from wechat.errors import Unverified
from wechat.http import Answer
from wechat.pay.certificates import Certificate
from wechat.pay.key_ring import KeyRing, normalised
from wechat.pay.signing import answer_message, is_signed
from wechat.pay.wire import rid_of

SKEW_SECONDS = 300
_FORMS = {
    "wechatpay-timestamp": re.compile(r"\d{1,12}", re.ASCII),
    # Without line ends: these would let a part of the body pass for the nonce.
    "wechatpay-nonce": re.compile(r"[!-~]{1,128}", re.ASCII),
    "wechatpay-signature": re.compile(r"[!-~]{1,1024}", re.ASCII),
    "wechatpay-serial": re.compile(r"[!-~]{1,128}", re.ASCII),
}


@dataclass(frozen=True)
class Signature:
    """What the headers say, not verified yet."""

    timestamp: str
    nonce: str = field(repr=False)
    signature: str = field(repr=False)
    serial: str

    def is_stale(self, now: datetime) -> bool:
        """Whether its time is 300 seconds or more from `now`, on either side."""
        return abs(now.timestamp() - int(self.timestamp)) >= SKEW_SECONDS

    def fits(self, key: RSAPublicKey, body: bytes) -> bool:
        """Whether it is the key's, of exactly this body."""
        return is_signed(key, self.signature, answer_message(self.timestamp, self.nonce, body))


def read_signature(headers: Mapping[str, str]) -> Signature | None:
    """What the headers say, names in any case; None where one is missing or has not the form that it must have."""
    found = {name: text for name, text in ((name.lower(), text) for name, text in headers.items()) if name in _FORMS}
    if len(found) != len(_FORMS) or not all(form.fullmatch(found[name]) for name, form in _FORMS.items()):
        return None
    return Signature(*(found[name] for name in _FORMS))


class Verifier:
    """Believes answers that were signed just now with a key of the ring."""

    def __init__(self, key_ring: KeyRing, wire_clock: Clock) -> None:
        self._key_ring = key_ring
        self._wire_clock = wire_clock

    def check(self, path: str, answer: Answer, delivered: Iterable[Certificate] = ()) -> None:
        """Return where the answer is WeChat's; otherwise raise Unverified. `delivered` are keys beside the ring's."""
        doubt = self._doubt(answer, {normalised(it.serial): it.key for it in delivered})
        if doubt is not None:
            raise Unverified(path, doubt, status=answer.status, rid=rid_of(answer))

    def _doubt(self, answer: Answer, delivered: Mapping[str, RSAPublicKey]) -> str | None:
        signature = read_signature(answer.headers)
        if signature is None:
            return "not signed"
        if signature.is_stale(self._wire_clock()):
            return "signed at another time"
        key = delivered.get(normalised(signature.serial)) or self._key_ring.lookup(signature.serial)
        if key is None:
            return "signed with an unknown key"
        return None if signature.fits(key, answer.body) else "signed with another key or for another body"
