"""The operator's webhook: told of each incident by one JSON POST, by the worker, until it takes it."""

import httpx

from services.worker.incident_duty import Alert

_SECONDS = 5.0


class Webhook:
    """`ALERT_WEBHOOK_URL`; its address may hold a token and is never logged."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    async def tell(self, alert: Alert) -> bool:
        """Whether it answered 2xx."""
        try:
            answer = await self._http.post(self._url, json=alert.to_json(), timeout=_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.is_success
