"""Everything that goes wrong between this server and WeChat, as one tree.

    WeChatError                 with `path`, and WeChat's `errcode` or `code`, `status` and `rid` where it gave them
    ├── Unavailable             no answer to believe: the outcome is unknown
    │   ├── Unreachable         no connection: the request was not sent
    │   │   ├── CircuitOpen     the last calls failed, so that WeChat is not asked for a while
    │   │   └── Crowded         too many calls of this server's own are under way
    │   ├── TimedOut            no whole answer in time
    │   ├── BrokenOff           the connection ended before a whole answer
    │   ├── Unreadable          an answer came that is not one of WeChat's
    │   ├── Busy                errcode -1, or HTTP 5xx of WeChat Pay: WeChat's own system error
    │   ├── RateLimited         WeChat's limits per second, minute or day
    │   ├── Unverified          WeChat Pay answered, and its signature cannot be verified
    │   ├── UserPaying          WeChat Pay says that the user is paying at this moment
    │   └── StillUnknown        WeChat Pay does not know an order that may arrive there yet
    ├── LoginCodeInvalid        the js_code is unknown, expired, of another app, or used
    ├── LoginBlocked            WeChat holds the user for a high risk
    ├── PhoneCodeInvalid        the phone code is unknown, expired, of another user, or used
    ├── UserNotSeen             the user was not in the mini program for two hours
    ├── PageUnknown             the page is not in the released mini program
    ├── Misconfigured           a setting or the app's account is wrong; `advice` says where to look
    ├── AccessTokenRefused      the access_token is expired, replaced or missing
    ├── SessionKeyInvalid       the session_key is not, or no longer, the user's current one
    ├── CallerBug               this server sent what WeChat's documentation forbids
    └── Rejected                any other errcode

Data from the phone has a tree of its own in `user_data_errors`, since no call fails there. WeChat Pay's refusals, and
the notices that are refused, stand in `pay.errors`. Whether an outcome is unknown is asked by `isinstance` of
`Unavailable`.

A message holds a path, numbers and words written here; never errmsg, a user's code, a secret, an openid or a body.
"""

from typing import Self


class WeChatError(Exception):
    """The root. `rid` is WeChat's id of the request, by which its console finds the failure for seven days.

    api.weixin.qq.com gives an `errcode`; WeChat Pay gives a `code` in capitals, and its HTTP `status` counts.
    """

    meaning = "the call failed"

    def __init__(
        self,
        path: str,
        detail: str = "",
        *,
        errcode: int | None = None,
        code: str | None = None,
        status: int | None = None,
        rid: str | None = None,
    ) -> None:
        known = {"HTTP": status, "errcode": errcode, "code": code}
        notes = [*([detail] if detail else []), *(f"{name} {it}" for name, it in known.items() if it is not None)]
        super().__init__(f"WeChat {path}: {self.meaning}" + (f" ({', '.join(notes)})" if notes else ""))
        self.path = path
        self.detail = detail
        self.errcode = errcode
        self.code = code
        self.status = status
        self.rid = rid

    def again(self) -> Self:
        """A twin without a traceback, for one failure that is told to several callers."""
        twin = type(self).__new__(type(self), *self.args)
        vars(twin).update(vars(self))
        return twin


class Unavailable(WeChatError):
    """No answer to believe: what was asked for may have happened or not."""

    meaning = "no answer to rely on"


class Unreachable(Unavailable):
    """No connection could be had, so the request was not sent."""

    meaning = "not reachable"


class CircuitOpen(Unreachable):
    """Nothing was sent: the calls before this one had no usable answer, and only a probe asks now and then."""

    meaning = "not asked, since it does not answer at present"


class Crowded(Unreachable):
    """Nothing was sent: no place came free in time among this server's own calls. It says nothing about WeChat."""

    meaning = "too many calls under way"


class TimedOut(Unavailable):
    """The whole answer was not there in time; WeChat may have acted."""

    meaning = "no answer in time"


class BrokenOff(Unavailable):
    """The connection ended before a whole answer; WeChat may have acted."""

    meaning = "the connection broke off"


class Unreadable(Unavailable):
    """An answer came that is not one of WeChat's: another status, too long, no JSON object, fields missing."""

    meaning = "an answer that cannot be read"


class Busy(Unavailable):
    """WeChat's own system error: errcode -1, or an HTTP status from 500 up of WeChat Pay."""

    meaning = "WeChat is busy"


class RateLimited(Unavailable):
    """A limit per second or minute is reached, or the quota of the day is used up."""

    meaning = "called too often"


class Unverified(Unavailable):
    """WeChat Pay answered success; its signature is missing, wrong, too old or of an unknown key. It may be true."""

    meaning = "an answer that cannot be verified"


class UserPaying(Unavailable):
    """The user is paying at this moment: WeChat Pay decides nothing before that has ended."""

    meaning = "the user is paying"


class StillUnknown(Unavailable):
    """WeChat Pay knows no such order, and may do so any moment: its prepay may be under way, or was answered."""

    meaning = "the order is not known there, or not yet"


class LoginCodeInvalid(WeChatError):
    """The js_code is unknown, expired, of another app, or used before: the mini program calls wx.login again."""

    meaning = "the login code is not valid"


class LoginBlocked(WeChatError):
    """WeChat blocks the user for a high risk; asking again does not help."""

    meaning = "the user may not log in"


class PhoneCodeInvalid(WeChatError):
    """The phone code is unknown, expired, of another user, or used before: the user taps the button again."""

    meaning = "the phone code is not valid"


class UserNotSeen(WeChatError):
    """WeChat checks content only of users who were in the mini program within the last two hours."""

    meaning = "the user was not seen lately"


class PageUnknown(WeChatError):
    """The page is not in the released version of the mini program."""

    meaning = "the page is not released"


class Misconfigured(WeChatError):
    """A setting or the app's account is wrong; `advice` is a sentence for the operator and names what to look at."""

    meaning = "wrongly configured"

    def __init__(
        self,
        path: str,
        detail: str = "",
        *,
        advice: str,
        errcode: int | None = None,
        code: str | None = None,
        status: int | None = None,
        rid: str | None = None,
    ) -> None:
        super().__init__(path, detail, errcode=errcode, code=code, status=status, rid=rid)
        self.advice = advice


class AccessTokenRefused(WeChatError):
    """The access_token is expired, replaced, malformed or missing."""

    meaning = "the access token is refused"


class SessionKeyInvalid(WeChatError):
    """The session_key is not the user's current one, or it has expired."""

    meaning = "the session key is not current"


class CallerBug(WeChatError):
    """This server sent what WeChat's documentation forbids: a fault of the code, or an openid of another app."""

    meaning = "wrongly called"


class Rejected(WeChatError):
    """WeChat refused for another reason; `errcode` tells which."""

    meaning = "refused"
