"""WeChat Pay beside the offline WeChat: its keys, its switches and what wakes the sender of notices."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.clock import Clock
from sandbox.pay.bill_desk import BillDesk
from sandbox.pay.keys import Merchant, Platform, fresh_keys, merchant_of, rotated
from sandbox.pay.rows import CertificateKey, PayKeys
from sandbox.pay.switches import Switches
from sandbox.state import State

if TYPE_CHECKING:
    from sandbox.pay.sending import Sender


class WeChatPay:
    """`on_change` is called when keys were made, which happens at the first need of them.

    `wake` tells the sender that something may be due; it does nothing where no server sends.
    """

    def __init__(self, state: State, clock: Clock, on_change: Callable[[], None]) -> None:
        self._state = state
        self._clock = clock
        self._on_change = on_change
        self.switches = Switches()
        self.last_refund_requests: dict[str, float] = {}
        """When each order's last refund was asked for, in moved time; a restart forgets it."""
        self.bills = BillDesk()
        """Bills that can be fetched; a restart forgets them."""
        self.wake: Callable[[], None] = lambda: None
        self.sender: Sender | None = None
        """What delivers notices, while a server runs."""

    @property
    def keys(self) -> PayKeys:
        """Every key; kept with the state."""
        if self._state.keys is None:
            self._state.keys = fresh_keys(self._clock.real())
            self._on_change()
        return self._state.keys

    @property
    def merchant(self) -> Merchant:
        """What the merchant holds: a server under test is configured with it."""
        return merchant_of(self.keys)

    @property
    def platform(self) -> Platform:
        """What signs answers and notices."""
        return Platform(self.keys)

    def rotate_certificates(self) -> CertificateKey:
        """A new certificate beside the last one."""
        made = rotated(self._clock.real())
        self.keys.certificates.append(made)
        return made

    def signing_serial(self) -> str:
        """What signs where nobody names a key: the newest certificate, or the public key where that is all there is."""
        return self.keys.public_key_id if self.switches.public_key_only else self.platform.newest_serial

    def clear(self) -> None:
        """Switches off, limits forgotten, rotations undone, deliveries broken off; the keys stay."""
        self.switches = Switches()
        self.last_refund_requests.clear()
        self.bills.clear()
        if self._state.keys is not None:
            del self._state.keys.certificates[1:]
        self.wake()
