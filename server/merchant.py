"""The merchant account of the settings: its key files are read here, once, and the wire to WeChat Pay is made."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from domain.clock import wire_clock
from server.settings import PAY_API_URL, PREFIX, Fault, Settings, SettingsError
from wechat.errors import Misconfigured
from wechat.http import new_http_client
from wechat.pay.certificates import Certificate
from wechat.pay.client import Pay
from wechat.pay.key_ring import KeyRing
from wechat.pay.merchant import Merchant
from wechat.pay.wire import BACKUP_URL

_NEEDED = {
    "mch_serial": "the serial of the merchant's API certificate",
    "mch_key_file": "the path of apiclient_key.pem",
    "apiv3_key": "the APIv3 key; without it WeChat sends no notifications",
}
_PARTS = (*_NEEDED, "pay_public_key_id", "pay_public_key_file")
_APIV3_KEY = re.compile(r"[!-~]{32}", re.ASCII)
_LARGEST_KEY_FILE = 64 * 1024
_LONGEST_NOTIFY_URL = 255


def faults_of_merchant(settings: Settings) -> list[Fault]:
    """What stands against taking payments, all at once; nothing where no merchant account is configured at all."""
    if not settings.takes_payments:
        return _left_over(settings)
    return [
        *_missing(settings),
        *_apiv3_keys(settings),
        *_faults_of(lambda: _try_key_file(settings)),
        *_faults_of(lambda: _try_public_key(settings)),
        *_notify_url(settings),
    ]


@asynccontextmanager
async def open_pay(settings: Settings) -> AsyncIterator[Pay | None]:
    """The wire to WeChat Pay, or to what stands in its place; None without a merchant account.

    Raises SettingsError for what is missing or a file that cannot be read, Misconfigured for a part that is of no use.
    """
    if not settings.takes_payments:
        yield None
        return
    async with new_http_client() as http:
        pay = Pay(
            http,
            _read_merchant(settings),
            public_key_id=settings.pay_public_key_id,
            public_key_pem=_read_public_key(settings),
            address=settings.pay_api_url,
            backup_address=BACKUP_URL if settings.pay_api_url == PAY_API_URL else None,
            deadline=settings.wechat_timeout,
        )
        try:
            yield pay
        finally:
            await pay.aclose()


def _left_over(settings: Settings) -> list[Fault]:
    """Half a merchant account is a mistake, not a decision."""
    others = [f"{PREFIX}{name.upper()}" for name in _PARTS if getattr(settings, name)]
    return [Fault(f"{PREFIX}MCHID", f"is missing, and there is {', '.join(others)}")] if others else []


def _missing(settings: Settings) -> Iterator[Fault]:
    for name, what in _NEEDED.items():
        if not getattr(settings, name):
            yield Fault(f"{PREFIX}{name.upper()}", f"is missing: {what}")
    if (settings.pay_public_key_id is None) != (settings.pay_public_key_file is None):
        yield Fault(f"{PREFIX}PAY_PUBLIC_KEY_ID", f"and {PREFIX}PAY_PUBLIC_KEY_FILE go together: set both, or neither")


def _apiv3_keys(settings: Settings) -> Iterator[Fault]:
    for place, key in enumerate(settings.apiv3_key, start=1):
        if not _APIV3_KEY.fullmatch(key.get_secret_value()):
            message = f"key {place} is not 32 characters long; copy what was set in WeChat Pay's merchant console"
            yield Fault(f"{PREFIX}APIV3_KEY", message)


def _notify_url(settings: Settings) -> Iterator[Fault]:
    most = _LONGEST_NOTIFY_URL - len(settings.notify_url) + len(settings.own_url)
    if len(settings.own_url) > most:
        yield Fault(f"{PREFIX}PUBLIC_URL", f"is too long for WeChat Pay's notifications: at most {most} characters")


def _faults_of(look: Callable[[], None]) -> list[Fault]:
    try:
        look()
    except SettingsError as error:
        return error.faults
    return []


def _try_key_file(settings: Settings) -> None:
    """By itself, with stand-ins for the rest of the account, which may have faults of its own."""
    if settings.mch_key_file is None:
        return
    pem = _read_file("MCH_KEY_FILE", settings.mch_key_file)
    try:
        Merchant("0", "0" * 40, pem, ("0" * 32,))
    except Misconfigured:
        what = "must hold apiclient_key.pem, the merchant's RSA private key, without a password"
        fault = Fault(f"{PREFIX}MCH_KEY_FILE", what)
    else:
        return
    raise SettingsError([fault])


def _try_public_key(settings: Settings) -> None:
    """By itself, with a stand-in for its id."""
    pem = _read_public_key(settings)
    if pem is None:
        return
    try:
        KeyRing(_fetch_none, wire_clock, public_key_id="PUB_KEY_ID_0", public_key_pem=pem)
    except Misconfigured:
        what = "must hold pub_key.pem, WeChat Pay's RSA public key: no certificate, and no key of the merchant"
        fault = Fault(f"{PREFIX}PAY_PUBLIC_KEY_FILE", what)
    else:
        return
    raise SettingsError([fault])


async def _fetch_none() -> list[Certificate]:
    return []


def _read_merchant(settings: Settings) -> Merchant:
    if settings.mchid is None or settings.mch_serial is None or settings.mch_key_file is None:
        raise SettingsError(faults_of_merchant(settings))
    return Merchant(
        settings.mchid,
        settings.mch_serial.upper(),
        _read_file("MCH_KEY_FILE", settings.mch_key_file),
        tuple(key.get_secret_value() for key in settings.apiv3_key),
    )


def _read_public_key(settings: Settings) -> str | None:
    if settings.pay_public_key_file is None:
        return None
    return _read_file("PAY_PUBLIC_KEY_FILE", settings.pay_public_key_file)


def _read_file(name: str, path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            return file.read(_LARGEST_KEY_FILE)
    except UnicodeDecodeError:
        fault = Fault(f"{PREFIX}{name}", "is no PEM file: it begins with -----BEGIN and is plain ASCII")
    except OSError as error:
        fault = Fault(f"{PREFIX}{name}", f"cannot be read ({type(error).__name__})")
    # Raised here and not above, so that it has no context: that would hold the path.
    raise SettingsError([fault])
