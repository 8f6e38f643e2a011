"""The operator's webhook: told of each incident by one JSON POST, by the worker, until it takes it."""

import asyncio
import json
import logging

import httpx

from services.worker.incident_duty import Alert

_SECONDS = 5.0
_LARGEST_ANSWER = 64 * 1024

logger = logging.getLogger(__name__)


class Webhook:
    """`ALERT_WEBHOOK_URL`; its address may hold a token and is never logged. `deadline` is in seconds."""

    def __init__(self, http: httpx.AsyncClient, url: str, *, deadline: float = _SECONDS) -> None:
        self._http = http
        self._url = url
        self._deadline = deadline

    async def tell(self, alert: Alert) -> bool:
        """Whether it answered 2xx, and no JSON with an `errcode` other than 0, as the robots of chats refuse."""
        try:
            async with asyncio.timeout(self._deadline):
                refusal = await self._post(alert)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError) as error:
            refusal = type(error).__name__
        if refusal:
            logger.warning("the alert webhook did not take an incident", extra={"incident": alert.id, "why": refusal})
        return not refusal

    async def _post(self, alert: Alert) -> str:
        """Why it was not taken; empty where it was."""
        content = json.dumps(alert.to_json(), ensure_ascii=False).encode()
        headers = {"content-type": "application/json; charset=utf-8"}
        async with self._http.stream("POST", self._url, content=content, headers=headers) as answer:
            if not answer.is_success:
                return f"HTTP {answer.status_code}"
            return _refusal(await _beginning(answer))


async def _beginning(answer: httpx.Response) -> bytes:
    read = b""
    async for piece in answer.aiter_bytes():
        read += piece
        if len(read) > _LARGEST_ANSWER:
            break
    return read


def _refusal(body: bytes) -> str:
    """WeCom's robots, and those that follow them, answer 200 with an errcode to what they did not take."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    errcode = answer.get("errcode") if isinstance(answer, dict) else None
    return f"errcode {errcode}" if isinstance(errcode, int) and errcode != 0 else ""
