"""What serving needs of the settings: production takes nothing for granted."""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from server.merchant import faults_of_merchant
from server.settings import PREFIX, Fault, Settings

_NEW_KEY = "python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
_PLACEHOLDERS = ("not-a-real", "change", "example", "your")  # the first is what the sandbox ships
_FERNET_KEY_BYTES = 32
_FEWEST_DIFFERENT_BYTES = 16


def faults_for_serving(settings: Settings) -> list[Fault]:
    """Everything that stands against serving, at once; empty when nothing does."""
    faults = [
        *_secret_keys(settings),
        *_mini_programs(settings),
        *_timeouts(settings),
        *faults_of_merchant(settings),
    ]
    if settings.is_production:
        faults += _production(settings)
    return faults


def _secret_keys(settings: Settings) -> Iterator[Fault]:
    name = f"{PREFIX}SECRET_KEYS"
    if not settings.secret_keys:
        yield Fault(name, f"is missing; make one with: {_NEW_KEY}")
    for place, key in enumerate(settings.secret_keys, start=1):
        if not _is_fernet_key(key.get_secret_value()):
            yield Fault(name, f"key {place} is no Fernet key (32 bytes in URL-safe base64); make one with: {_NEW_KEY}")


def _is_fernet_key(text: str) -> bool:
    try:
        return len(urlsafe_b64decode(text)) == _FERNET_KEY_BYTES
    except (ValueError, binascii.Error):
        return False


def _mini_programs(settings: Settings) -> Iterator[Fault]:
    if (settings.appid is None) != (settings.appsecret is None):
        yield Fault(f"{PREFIX}APPID", f"and {PREFIX}APPSECRET go together: set both, or list apps in {PREFIX}APPS")
    elif not settings.mini_programs:
        yield Fault(f"{PREFIX}APPID", f"and {PREFIX}APPSECRET are missing (or {PREFIX}APPS, for several mini programs)")
    appids = [app.appid for app in settings.mini_programs]
    for appid in sorted({appid for appid in appids if appids.count(appid) > 1}):
        yield Fault(f"{PREFIX}APPS", f"names {appid} more than once")


def _timeouts(settings: Settings) -> Iterator[Fault]:
    # Two calls to WeChat (closing an order, then asking for it), each after its queue, and the database: an operation
    # must outlast them all.
    least = 4 * settings.wechat_timeout + 3
    if settings.operation_timeout < least:
        yield Fault(f"{PREFIX}OPERATION_TIMEOUT", f"must be at least {least:g} with this {PREFIX}WECHAT_TIMEOUT")


def _production(settings: Settings) -> Iterator[Fault]:
    if any(_is_guessable(key.get_secret_value()) for key in settings.secret_keys):
        yield Fault(f"{PREFIX}SECRET_KEYS", f"holds a key that anybody can guess; make one with: {_NEW_KEY}")
    for app in settings.mini_programs:
        if any(word in app.secret.get_secret_value().lower() for word in _PLACEHOLDERS):
            yield Fault(f"{PREFIX}APPSECRET", f"of {app.appid} looks like a placeholder; copy it from WeChat's console")
    if not settings.wechat_api_url.startswith("https://") or _is_local(settings.wechat_api_url):
        yield Fault(f"{PREFIX}WECHAT_API_URL", "points at a sandbox; remove it to reach WeChat")
    yield from _production_payments(settings)
    if settings.public_url is not None and not settings.public_url.startswith("https://"):
        yield Fault(f"{PREFIX}PUBLIC_URL", "must be https: WeChat calls nothing else")


def _production_payments(settings: Settings) -> Iterator[Fault]:
    if not settings.takes_payments:
        return
    if not settings.pay_api_url.startswith("https://") or _is_local(settings.pay_api_url):
        yield Fault(f"{PREFIX}PAY_API_URL", "points at a sandbox; remove it to reach WeChat Pay")
    if settings.public_url is None:
        yield Fault(f"{PREFIX}PUBLIC_URL", "is missing: WeChat Pay sends its notifications there")
    if any(word in key.get_secret_value().lower() for key in settings.apiv3_key for word in _PLACEHOLDERS):
        yield Fault(f"{PREFIX}APIV3_KEY", "looks like a placeholder; set your own in WeChat Pay's merchant console")


def _is_guessable(key: str) -> bool:
    """Random bytes repeat little: 32 of them with fewer than 16 different ones were typed, not drawn."""
    return _is_fernet_key(key) and len(set(urlsafe_b64decode(key))) < _FEWEST_DIFFERENT_BYTES


def _is_local(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".localhost", ".local", ".internal"))
