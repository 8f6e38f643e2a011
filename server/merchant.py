"""The merchant account of the settings: its key files are read here, once, and the wire to WeChat Pay is made."""

from collections.abc import AsyncIterator, Iterator
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

_LARGEST_KEY_FILE = 64 * 1024
_LONGEST_NOTIFY_URL = 255


def faults_of_merchant(settings: Settings) -> list[Fault]:
    """What stands against taking payments; nothing where no merchant account is configured at all."""
    if not settings.takes_payments:
        return _left_over(settings)
    faults = list(_missing(settings))
    if len(settings.notify_url) > _LONGEST_NOTIFY_URL:
        faults.append(Fault(f"{PREFIX}PUBLIC_URL", "is too long for WeChat Pay's notifications"))
    if not faults:
        try:
            _read_merchant(settings)
            _check_public_key(settings)
        except SettingsError as error:
            faults += error.faults
    return faults


@asynccontextmanager
async def open_pay(settings: Settings) -> AsyncIterator[Pay | None]:
    """The wire to WeChat Pay, or to what stands in its place; None without a merchant account.

    Raises SettingsError for a file that cannot be read, Misconfigured for an address that is none.
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
    set_without = [name for name in ("mch_serial", "mch_key_file", "pay_public_key_id") if getattr(settings, name)]
    if settings.apiv3_key:
        set_without.append("apiv3_key")
    return [Fault(f"{PREFIX}MCHID", f"is missing, and {PREFIX}{set_without[0].upper()} is set")] if set_without else []


def _missing(settings: Settings) -> Iterator[Fault]:
    for name, what in (
        ("mch_serial", "the serial of the merchant's API certificate"),
        ("mch_key_file", "the path of apiclient_key.pem"),
        ("apiv3_key", "the APIv3 key; without it WeChat sends no notifications"),
    ):
        if not getattr(settings, name):
            yield Fault(f"{PREFIX}{name.upper()}", f"is missing: {what}")
    if (settings.pay_public_key_id is None) != (settings.pay_public_key_file is None):
        yield Fault(f"{PREFIX}PAY_PUBLIC_KEY_ID", f"and {PREFIX}PAY_PUBLIC_KEY_FILE go together")


def _read_merchant(settings: Settings) -> Merchant:
    if settings.mchid is None or settings.mch_serial is None or settings.mch_key_file is None:
        raise SettingsError([Fault(f"{PREFIX}MCHID", "is not the whole of a merchant account")])
    pem = _read_file("MCH_KEY_FILE", settings.mch_key_file)
    try:
        return Merchant(
            settings.mchid,
            settings.mch_serial.upper(),
            pem,
            tuple(key.get_secret_value() for key in settings.apiv3_key),
        )
    except Misconfigured as error:
        raise _as_fault(error) from None


def _check_public_key(settings: Settings) -> None:
    try:
        KeyRing(
            _fetch_none,
            wire_clock,
            public_key_id=settings.pay_public_key_id,
            public_key_pem=_read_public_key(settings),
        )
    except Misconfigured as error:
        raise _as_fault(error) from None


async def _fetch_none() -> list[Certificate]:
    return []


def _read_public_key(settings: Settings) -> str | None:
    if settings.pay_public_key_file is None:
        return None
    return _read_file("PAY_PUBLIC_KEY_FILE", settings.pay_public_key_file)


def _as_fault(error: Misconfigured) -> SettingsError:
    """The advice opens with the name of the setting: "Look at APPLETQL_X: it …"."""
    name, _, advice = error.advice.removeprefix("Look at ").partition(": ")
    return SettingsError([Fault(name, advice)])


def _read_file(name: str, path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            return file.read(_LARGEST_KEY_FILE)
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault(f"{PREFIX}{name}", f"cannot be read ({type(error).__name__})")
    # Raised here and not above, so that it has no context: that would hold the path.
    raise SettingsError([fault])
