"""WeChat's errors as the contract's problems: what a client may know of them, and what the operator must."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from domain.problems import ProblemCode, WeChatProblem
from wechat import errors

logger = logging.getLogger(__name__)

PROBLEMS: tuple[tuple[type[errors.WeChatError], ProblemCode, str], ...] = (
    (
        errors.LoginCodeInvalid,
        ProblemCode.LOGIN_CODE_INVALID,
        "WeChat does not accept this code: it is wrong, used or too old. Call wx.login for a fresh one.",
    ),
    (
        errors.PhoneCodeInvalid,
        ProblemCode.PHONE_CODE_INVALID,
        "WeChat does not accept this code: it is wrong, used, too old or another user's. Let the user tap again.",
    ),
    (
        errors.UserNotSeen,
        ProblemCode.WECHAT_REJECTED,
        "WeChat checks texts only of users who opened the mini program within two hours: open it again, then repeat.",
    ),
    (errors.LoginBlocked, ProblemCode.LOGIN_BLOCKED, "WeChat does not let this user sign in."),
    (
        errors.Unavailable,
        ProblemCode.WECHAT_UNAVAILABLE,
        "WeChat gave no answer to rely on. Try again later, with a fresh code where the call takes one.",
    ),
    (
        errors.Misconfigured,
        ProblemCode.WECHAT_REJECTED,
        "WeChat refuses this server's configuration; its operator finds the reason in the log.",
    ),
    (errors.WeChatError, ProblemCode.WECHAT_REJECTED, "WeChat refused the call; a repeat does not change that."),
)
"""The first row that fits counts: kinds stand before what they are kinds of."""

UNANSWERED = next(WeChatProblem(code, message) for kind, code, message in PROBLEMS if kind is errors.Unavailable)
"""What a client is told where no more is known of a failure than that there was no answer."""


@contextmanager
def answered_as_problem() -> Iterator[None]:
    """Raises WeChatProblem in place of a WeChatError, and logs what the operator can do about it."""
    try:
        yield
    except errors.WeChatError as error:
        log_failure(error)
        raise problem_of(error) from None


def problem_of(error: errors.WeChatError) -> WeChatProblem:
    """What a client is told."""
    code, message = next((code, message) for kind, code, message in PROBLEMS if isinstance(error, kind))
    return WeChatProblem(code, message, error.code or (None if error.errcode is None else str(error.errcode)))


def log_failure(error: errors.WeChatError) -> None:
    """Tells the operator: what WeChat said, and what to do about it where that is known."""
    known = {"path": error.path, "errcode": error.code or error.errcode, "rid": error.rid, "kind": type(error).__name__}
    if isinstance(error, errors.Misconfigured):
        logger.error("WeChat refuses the configuration", extra=known | {"advice": error.advice})
    elif isinstance(error, errors.CircuitOpen):
        logger.debug("WeChat was not called", extra=known)  # the breaker told once that it opened
    elif isinstance(error, errors.LoginCodeInvalid | errors.PhoneCodeInvalid | errors.LoginBlocked):
        logger.info("WeChat refused a code", extra=known)
    else:
        logger.warning("WeChat call failed", extra=known)
