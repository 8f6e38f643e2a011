"""Doctor's look at WeChat Pay: it takes this merchant's signature, and its own answers can be verified and opened."""

from server.doctor_findings import Finding, Verdict, fault, fine, skipped, warning
from server.merchant import faults_of_merchant, open_pay
from server.settings import PREFIX, Settings
from wechat.errors import Misconfigured, Unavailable, Unreadable, Unverified, WeChatError
from wechat.pay.client import Pay
from wechat.pay.errors import OrderNotFound, PayMisconfigured, PayRefused

PAY, PAY_KEYS = "WeChat Pay", "WeChat Pay's keys"
_LONGEST_WAIT = 2.5  # seconds for one call: three calls are the longest way
_NO_ORDER = "doctor-asks-for-nothing"
"""No order of ours has this number: they are of digits alone."""

_URL = f"{PREFIX}PAY_API_URL"
_PUBLIC_KEY = f"{PREFIX}PAY_PUBLIC_KEY_ID and {PREFIX}PAY_PUBLIC_KEY_FILE"
_APIV3_KEY = f"{PREFIX}APIV3_KEY"
_NO_ANSWER = f"Look at {_URL}, DNS, the firewall and this server's clock; then run appletql doctor again."


async def check_pay(settings: Settings) -> list[Finding]:
    """Two findings, or one where there is nothing to ask. No order is made, and nothing is changed at WeChat Pay."""
    if not settings.takes_payments:
        return [skipped(PAY, f"no merchant account is configured ({PREFIX}MCHID), so orders cannot be paid")]
    if faults_of_merchant(settings):
        return [skipped(PAY, "the settings of the merchant account have a fault")]
    wait = min(settings.wechat_timeout, _LONGEST_WAIT)
    try:
        async with open_pay(settings.model_copy(update={"wechat_timeout": wait})) as pay:
            return await _ask(pay) if pay else []
    except Misconfigured as error:
        return [fault(PAY, f"{_URL} is no usable address", error.advice)]


async def _ask(pay: Pay) -> list[Finding]:
    """Certificates first: without a public key nothing else could be verified."""
    keys = await _keys(pay)
    if keys.check == PAY:
        return [keys, skipped(PAY_KEYS, f"see {PAY}")]
    if pay.key_ring.is_empty:
        return [skipped(PAY, "its answers cannot be verified"), keys]
    merchant = await _merchant(pay)
    # What is no answer of WeChat Pay's says nothing about the keys.
    return [merchant, keys if merchant.verdict is Verdict.OK else skipped(PAY_KEYS, f"see {PAY}")]


async def _keys(pay: Pay) -> Finding:
    """Downloads the platform certificates: their answer is signed, and they are sealed with the APIv3 key."""
    has_public_key = pay.key_ring.has_public_key
    try:
        await pay.refresh_certificates()
    except PayMisconfigured as error:
        return _misconfigured(error)
    except Unverified:
        return fault(PAY_KEYS, "its answers cannot be verified", _how_to_verify(has_public_key=has_public_key))
    except Unreadable:
        advice = f"Look at {_APIV3_KEY}: it is the one that was set last in the merchant console; and at {_URL}."
        return fault(PAY_KEYS, "no certificate opens with an APIv3 key", advice)
    except PayRefused as error:
        return fault(PAY, f"refuses to be asked for its keys ({error.code})", f"Look at {_PUBLIC_KEY}.")
    except Unavailable as error:
        return fault(PAY, f"no answer to rely on ({error.meaning})", _NO_ANSWER)
    return fine(PAY_KEYS, "fit its answers, and the APIv3 key opens its certificates where this merchant has any")


def _how_to_verify(*, has_public_key: bool) -> str:
    if has_public_key:
        return f"Look at {_PUBLIC_KEY}: both are shown on one page of the merchant console."
    return f"Look at {_APIV3_KEY}, which opens the certificates; or set {_PUBLIC_KEY}."


async def _merchant(pay: Pay) -> Finding:
    """Asks for an order that does not exist: the 404 says that everything else is right."""
    try:
        await pay.query(_NO_ORDER)
    except OrderNotFound:
        return fine(PAY, "takes this merchant's signature")
    except PayMisconfigured as error:
        return _misconfigured(error)
    except Unavailable as error:
        return fault(PAY, f"no answer to rely on ({error.meaning})", _NO_ANSWER)
    except WeChatError as error:
        return warning(PAY, f"answers with something else ({error.meaning})", "Run appletql doctor again later.")
    return warning(PAY, "knows an order that this server never made", f"Look at {_URL}.")


def _misconfigured(error: PayMisconfigured) -> Finding:
    return fault(PAY, f"refuses this merchant ({error.code})", error.advice)
