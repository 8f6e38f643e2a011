"""Making one refund of WeChat's console known here, by its number, where neither its notice nor a bill did."""

from domain.problems import BadRequest
from models.orders import Order
from services.payments.pay_access import PayAccess
from services.payments.refund_settling import NoRoomError, RefundSettling, UnknownPaymentError, UnknownRefundError
from services.payments.settling import ForeignPaymentError
from services.wechat_problems import answered_as_problem
from wechat.errors import CallerBug
from wechat.pay.errors import RefundNotFound

_UNKNOWN = "WeChat knows no refund of this number"
_ANOTHER = "WeChat says that this refund is not of this order"
_NO_PAYMENT = "its payment is not known here, or differs: appletql orders sync without --refund comes first"
_NO_ROOM = "it goes beyond what is left of the payment: another refund of it must come to its end first"


async def adopt(access: PayAccess, settling: RefundSettling, order: Order, number: str) -> None:
    """Asks WeChat about the refund `number`, its out_refund_no, and settles it, or adopts it where it is unknown.

    Raises BadRequest where it is no refund of this order or does not fit, WeChatProblem where WeChat gave no answer to
    rely on, Unavailable when the database does not answer.
    """
    with answered_as_problem():
        try:
            news = await access.pay().query_refund(number)
        except (CallerBug, RefundNotFound):  # what is no number at all is not asked about
            raise BadRequest(_UNKNOWN) from None
    if news.out_trade_no != order.number:
        raise BadRequest(_ANOTHER)
    try:
        try:
            _ = await settling.settle(news)
        except UnknownRefundError:
            _ = await settling.adopt(news)
    except NoRoomError:
        raise BadRequest(_NO_ROOM) from None
    except (UnknownPaymentError, ForeignPaymentError):
        raise BadRequest(_NO_PAYMENT) from None
