"""Doctor's look at WeChat Pay: it takes this merchant's signature, and its own answers can be verified."""

from server.doctor_findings import Finding, fault, fine, skipped, warning
from server.merchant import faults_of_merchant, open_pay
from server.settings import PREFIX, Settings
from wechat.errors import Misconfigured, Unavailable, WeChatError
from wechat.pay.client import Pay
from wechat.pay.errors import OrderNotFound, PayMisconfigured

_CHECK = "WeChat Pay"
_LONGEST_WAIT = 5.0
_NO_ORDER = "doctor-asks-for-nothing"
"""No order of ours has this number: they are of digits alone."""


async def check_pay(settings: Settings) -> Finding:
    """Asks WeChat Pay for an order that does not exist: its 404 says that everything else is right."""
    if not settings.takes_payments:
        return skipped(_CHECK, f"no merchant account is configured ({PREFIX}MCHID): this server takes no payments")
    if faults_of_merchant(settings):
        return skipped(_CHECK, "the settings of the merchant account have a fault")
    try:
        wait = min(settings.wechat_timeout, _LONGEST_WAIT)
        async with open_pay(settings.model_copy(update={"wechat_timeout": wait})) as pay:
            return await _ask(pay) if pay else skipped(_CHECK, "no merchant account is configured")
    except Misconfigured as error:
        return fault(_CHECK, "it cannot be set up", error.advice)


async def _ask(pay: Pay) -> Finding:
    try:
        await pay.query(_NO_ORDER)
    except OrderNotFound:
        return fine(_CHECK, "takes this merchant's signature")
    except PayMisconfigured as error:
        return fault(_CHECK, f"refuses this merchant ({error.code})", error.advice)
    except Unavailable as error:
        return fault(
            _CHECK, f"no answer to rely on ({error.meaning})", "Look at the way to WeChat Pay; run this again."
        )
    except WeChatError as error:
        return warning(_CHECK, f"answers with something else ({error.meaning})", "Run appletql doctor again later.")
    return warning(_CHECK, "knows an order that this server never made", f"Look at {PREFIX}PAY_API_URL.")
