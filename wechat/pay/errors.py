"""What WeChat Pay refuses, and which notices this server refuses, as two trees.

    PayRefused                  a definite refusal, with `code`, `status` and `rid`; nothing happened
    ├── OrderNotFound           WeChat has no such order, or not yet
    ├── RefundNotFound          WeChat has no such refund; to a new refund: no such paid order
    ├── OrderPaid               the order is paid already
    ├── OrderClosed             the order is closed already
    ├── NumberUsed              the out_trade_no belongs to an order with other parameters
    ├── NotEnough               the merchant's balance is too low for the refund
    ├── RefundRefused           the refund will never be accepted
    └── PayMisconfigured        also a `Misconfigured`: `advice` says where to look

    NoticeRefused               a notice to answer with 4xx, which WeChat then repeats
    ├── NoticeIsXml             a notice of API v2, which has another signature
    ├── NoticeHeadersMissing    not all of the four headers of a signature are there
    ├── NoticeStale             signed 300 seconds ago or more, or that far in the future
    ├── UnknownSerial           signed with a key that this server does not have, or not yet
    ├── NoticeForged            the signature does not fit the bytes
    ├── NoticeUnreadable        signed by WeChat, and no notice as documented
    └── NoticeUndecipherable    signed by WeChat, and no APIv3 key opens it

An unknown outcome is not among them: it is one of the kinds of `wechat.errors.Unavailable`, asked for by `isinstance`.

A message holds a path template, a code in capitals and words written here; never a number of an order, an openid, a
key or a body.
"""

from wechat.errors import Misconfigured, WeChatError


class PayRefused(WeChatError):
    """WeChat Pay refused, and nothing happened; `code` tells why, in the spelling of the present documentation."""

    meaning = "WeChat Pay refused"
    code: str


class OrderNotFound(PayRefused):
    """WeChat knows no order of this number: never created, or created a moment ago."""

    meaning = "no such order"


class RefundNotFound(PayRefused):
    """WeChat knows no refund of this number; on asking for a refund, no paid order that it could be of."""

    meaning = "no such refund"


class OrderPaid(PayRefused):
    """The order is paid, so that it can neither be prepared again nor closed: query it."""

    meaning = "the order is paid"


class OrderClosed(PayRefused):
    """The order is closed, so that it can no longer be paid."""

    meaning = "the order is closed"


class NumberUsed(PayRefused):
    """The out_trade_no was used with other parameters: query it."""

    meaning = "the number is used"


class NotEnough(PayRefused):
    """The merchant's balance is too low: the same refund again, with the same number, once it is topped up."""

    meaning = "the balance is too low"


class RefundRefused(PayRefused):
    """The refund breaks a rule of WeChat Pay and will not be accepted as it is."""

    meaning = "the refund is refused"


class PayMisconfigured(PayRefused, Misconfigured):
    """A setting or the merchant's account is wrong; `advice` is a sentence for the operator."""

    meaning = "WeChat Pay is wrongly configured"


NOTICE = "notice"


class NoticeRefused(WeChatError):
    """The notice was not believed, or not understood: it is not acknowledged, and WeChat repeats it for a day."""

    meaning = "it is not accepted"

    def __init__(self, detail: str = "") -> None:
        super().__init__(NOTICE, detail)


class NoticeIsXml(NoticeRefused):
    """A notice of API v2, of a refund that was started without a notify_url or in the merchant's console."""

    meaning = "it is XML of API v2"


class NoticeHeadersMissing(NoticeRefused):
    """A header of the signature is missing, or has not the form that it must have."""

    meaning = "the headers of the signature are missing"


class NoticeStale(NoticeRefused):
    """The time of the signature is 300 seconds or more from this server's."""

    meaning = "the time of the signature is not now"


class UnknownSerial(NoticeRefused):
    """No key has the serial; it is being looked for in the background, and WeChat repeats the notice."""

    meaning = "no key has the serial"


class NoticeForged(NoticeRefused):
    """The signature is not WeChat's for these bytes; WeChat sends such notices itself, as a test."""

    meaning = "the signature does not fit"


class NoticeUnreadable(NoticeRefused):
    """WeChat signed what is no notice as its documentation has it."""

    meaning = "it cannot be read"


class NoticeUndecipherable(NoticeRefused):
    """WeChat signed it, and no APIv3 key opens it: the key was changed in the merchant's console."""

    meaning = "no APIv3 key opens it"
