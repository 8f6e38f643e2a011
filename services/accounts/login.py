"""Signing in: a code of wx.login becomes a session of ours."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.clock import Clock
from domain.problems import InputIssue, InvalidInput, Unavailable
from domain.sharing import is_code
from domain.text import clean_text
from models.accounts import User
from models.encryption import Cipher
from models.unit_of_work import UnitsOfWork
from services.accounts.recognition import Person, Recognition
from services.accounts.sessions import issue
from services.keyed_hashes import KeyedHashes
from services.mini_programs import MiniPrograms
from services.sharing.attribution import Arrival, attribute
from services.wechat_problems import answered_as_problem
from wechat.apps import App
from wechat.client import WeChat

_LONGEST_CODE = 256


@dataclass(frozen=True)
class SignedIn:
    """A new session and whose it is; the token exists nowhere else."""

    token: str = field(repr=False)
    expires_at: datetime
    is_new_user: bool
    user: User
    appid: str


class Login:
    """Exchanges login codes. Asks WeChat first, and opens a unit of work only with its answer in hand."""

    def __init__(
        self,
        units: UnitsOfWork,
        wechat: WeChat,
        mini_programs: MiniPrograms,
        cipher: Cipher,
        hashes: KeyedHashes,
        clock: Clock,
    ) -> None:
        self._units = units
        self._wechat = wechat
        self._mini_programs = mini_programs
        self._hashes = hashes
        self._clock = clock
        self._recognition = Recognition(cipher)

    async def sign_in(self, code: str, appid: str | None, share_code: str | None = None) -> SignedIn:
        """A session for whoever `code` stands for; `appid` None means the first configured mini program.

        Who is new came through the share of `share_code`; one that stands for no share is passed over.

        Raises InvalidInput, and WeChatProblem when WeChat refuses the code or its answer is unknown; nothing is
        written then, and the code is never sent again.
        """
        js_code, app = self._check(code, appid)
        with answered_as_problem():
            answer = await self._wechat.login.code2session(app, js_code)
        person = Person(app.appid, answer.openid, answer.session_key, answer.unionid)
        arrival = await self._arrival(person, share_code)
        return await self._units.run_again_if_raced(self._enter, person, arrival)

    async def _arrival(self, person: Person, share_code: str | None) -> Arrival | None:
        if share_code is None or not is_code(share_code):
            return None
        try:
            return Arrival(share_code, await self._hashes.person(person.appid, person.openid))
        except Unavailable:
            return None  # told in the log; a share code never fails a login

    async def _enter(self, person: Person, arrival: Arrival | None) -> SignedIn:
        now = self._clock()
        recognised = await self._recognition.recognise(person, now)
        if recognised.is_new_user and arrival is not None:
            await attribute(recognised.user, arrival, now)
        session = await issue(recognised.user, recognised.identity, now, keep_all=recognised.has_joined)
        return SignedIn(session.token, session.expires_at, recognised.is_new_user, recognised.user, person.appid)

    def _check(self, code: str, appid: str | None) -> tuple[str, App]:
        js_code = clean_text("code", code, longest=_LONGEST_CODE)
        app = self._mini_programs.choose("appId", appid)
        if isinstance(js_code, InputIssue) or isinstance(app, InputIssue):
            raise InvalidInput([issue for issue in (js_code, app) if isinstance(issue, InputIssue)])
        return js_code, app
