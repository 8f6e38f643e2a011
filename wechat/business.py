"""Calls that need an access_token: it is put into the query, and a refused one is replaced once."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from wechat.access_token import AccessTokens
from wechat.api import Api
from wechat.apps import App
from wechat.errors import AccessTokenRefused
from wechat.http import Answer

T = TypeVar("T")


class BusinessApi:
    """WeChat's interfaces behind an access_token."""

    def __init__(self, api: Api, access_tokens: AccessTokens) -> None:
        self._api = api
        self._access_tokens = access_tokens

    async def get(self, app: App, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Call by GET; raises a WeChatError."""
        return await self.with_access_token(app, lambda token: self._api.get(path, {"access_token": token, **params}))

    async def post(self, app: App, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Call by POST with a JSON body; raises a WeChatError."""
        return await self.with_access_token(app, lambda token: self._api.post(path, body, {"access_token": token}))

    async def post_for(
        self, app: App, path: str, body: Mapping[str, object], read: Callable[[Answer], T], *, accept: str
    ) -> T:
        """Call by POST where the answer is more than JSON; `read` and `accept` as in `Api.post_for`."""
        return await self.with_access_token(
            app, lambda token: self._api.post_for(path, body, {"access_token": token}, read, accept=accept)
        )

    async def with_access_token(self, app: App, call: Callable[[str], Awaitable[T]]) -> T:
        """Run `call` with a token, and once more with a new one where WeChat refused the first; nothing else repeats.

        A refused token means that WeChat did nothing, so that a single-use code may be sent with the second.
        """
        token = await self._access_tokens.get(app)
        try:
            return await call(token)
        except AccessTokenRefused:
            self._access_tokens.invalidate(app, token)
        token = await self._access_tokens.get(app)
        try:
            return await call(token)
        except AccessTokenRefused as refusal:
            self._access_tokens.reject(app, token, refusal)
            raise
