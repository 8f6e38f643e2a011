"""Everything that serving needs, checked one after the other, with what to do about each finding.

Nothing is changed: no row is written, and the one picture that is stored to try it is removed again. Nothing that is
found holds a secret, a password or an openid.
"""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from server.doctor_database import check_database
from server.doctor_findings import Finding, skipped
from server.doctor_pay import PAY, check_pay
from server.doctor_pictures import PICTURES, check_pictures
from server.doctor_settings import check_serving, check_surroundings, setting_fault
from server.doctor_wechat import check_wechat
from server.settings import PREFIX, Settings, SettingsError, read_settings
from server.settings_rules import faults_for_serving

LONGEST_SECONDS = 20.0
"""How long all checks may take together; each call has a bound of its own, and only their sum comes near."""


async def diagnose(names: Iterable[str], env_file: Path) -> AsyncIterator[Finding]:
    """The findings about this process's environment as they come: `names` are its variables, `env_file` its `.env`."""
    for finding in check_surroundings(names, env_file):
        yield finding
    try:
        settings = read_settings()
    except SettingsError as error:
        for found in error.faults:
            yield setting_fault(found)
        for check in ("database", PICTURES, PAY, "WeChat"):
            yield skipped(check, "the settings cannot be read")
        return
    async for finding in examine(settings):
        yield finding


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """The findings about these settings, and the database, the store and the WeChat that they name, as they come."""
    for finding in check_serving(settings):
        yield finding
    faulty = {found.setting for found in faults_for_serving(settings)}
    for finding in await check_database(settings, keys_are_usable=f"{PREFIX}SECRET_KEYS" not in faulty):
        yield finding
    yield await check_pictures(settings)
    # The same care for the merchant's signature as for the AppSecrets.
    if f"{PREFIX}PAY_API_URL" in faulty:
        yield skipped(PAY, f"{PREFIX}PAY_API_URL has a fault")
    else:
        for finding in await check_pay(settings):
            yield finding
    if f"{PREFIX}WECHAT_API_URL" in faulty:
        # In production the AppSecrets are real: they are sent to WeChat alone.
        yield skipped("WeChat", f"{PREFIX}WECHAT_API_URL has a fault")
        return
    async for finding in check_wechat(settings):
        yield finding
