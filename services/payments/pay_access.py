"""Whether this server has a merchant account; without one, everything but paying works."""

from dataclasses import dataclass
from datetime import timedelta

from domain.problems import ProblemCode, WeChatProblem
from services.payments.storied_pay import StoriedPay


@dataclass(frozen=True)
class PayAccess:
    """The wire to WeChat Pay, where WeChat sends its notifications, and how long an order may be paid."""

    wire: StoriedPay | None
    notify_url: str
    order_life: timedelta

    def pay(self) -> StoriedPay:
        """Raises WeChatProblem WECHAT_REJECTED where no merchant account is configured."""
        if self.wire is None:
            message = "This server takes no payments: its operator configured no merchant account."
            raise WeChatProblem(ProblemCode.WECHAT_REJECTED, message)
        return self.wire
