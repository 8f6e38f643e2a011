"""What every path of the server has in common: no redirects, and JSON with a request id whatever goes wrong."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.health import Readiness
from services.payments.receiving import Receiving
from tests.world import World, error_codes

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/graphql/", "/uploads/avatar/", "/wechat/pay/notify/", "/livez/", "/nothing"])
async def test_a_slash_too_many_is_not_found_and_leads_nowhere(world: World, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await world.api.request(method, path, headers={"Host": "evil.example"})

        assert answer.status_code == 404
        assert "location" not in answer.headers
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert len(answer.headers["x-request-id"]) == 16
        assert error_codes(answer.json()) == ["BAD_REQUEST"]


async def fail(*_: Any, **__: Any) -> Any:
    raise RuntimeError("c4n4ry")


@pytest.mark.parametrize(
    ("kind", "name", "method", "path"),
    [
        (Receiving, "receive", "POST", "/wechat/pay/notify"),
        (Readiness, "faults", "GET", "/readyz"),
    ],
    ids=["notify", "readyz"],
)
async def test_a_failure_of_any_path_is_json_with_the_request_id(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: type, name: str, method: str, path: str
) -> None:
    monkeypatch.setattr(kind, name, fail)

    with capture_logs() as logs:
        answer = await world.api.request(method, path, headers={"X-Request-Id": "mine-12345"})

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-request-id"] == "mine-12345"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json() == {"errors": [{"message": "Internal error", "extensions": {"code": "INTERNAL"}}]}
    [event] = [event for event in logs if event["event"] == "request"]
    assert (event["path"], event["status"]) == (path, 500)
    assert "c4n4ry" not in json.dumps(logs) + answer.text
