"""WeChat's content check for what users write: refused, kept, or kept and shown to the operator."""

from enum import StrEnum

from domain.problems import ProblemCode, Refusal
from services.accounts.sessions import Viewer
from services.check_allowance import CheckAllowance
from services.mini_programs import MiniPrograms
from services.wechat_problems import log_failure, problem_of
from wechat.client import WeChat
from wechat.content_check import Scene, Suggestion
from wechat.errors import Unavailable, WeChatError


class Fallback(StrEnum):
    """What becomes of a text that could not be checked."""

    REFUSE = "refuse"
    ACCEPT = "accept"


class ContentCheck:
    """Asks msg_sec_check; `fallback` decides while WeChat is not to be had."""

    def __init__(
        self, wechat: WeChat, mini_programs: MiniPrograms, allowance: CheckAllowance, fallback: Fallback
    ) -> None:
        self._allowance = allowance
        self._wechat = wechat
        self._mini_programs = mini_programs
        self._fallback = fallback

    async def require_clean(self, viewer: Viewer, text: str, scene: Scene = Scene.PROFILE) -> bool:
        """Lets a text pass, and tells whether an operator should look at it.

        Raises Refusal CONTENT_REJECTED for a risky one, and WeChatProblem where WeChat refuses to check it or, unless
        the fallback accepts, cannot be reached; RateLimited, before WeChat is asked, beyond what a user has in an hour.
        """
        self._allowance.spend(viewer.user.id)
        app = self._mini_programs.serving(viewer.identity.appid)
        try:
            verdict = await self._wechat.content.msg_sec_check(app, viewer.identity.openid, text, scene)
        except Unavailable as error:
            log_failure(error)
            if self._fallback is Fallback.REFUSE:
                raise problem_of(error) from None
            return True
        except WeChatError as error:
            log_failure(error)
            raise problem_of(error) from None
        if verdict.suggest is Suggestion.RISKY:
            raise Refusal(ProblemCode.CONTENT_REJECTED, "The text did not pass WeChat's content check.")
        return verdict.suggest is Suggestion.REVIEW
