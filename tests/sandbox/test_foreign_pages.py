"""A page that a developer happens to visit may not drive the sandbox through the developer's browser."""

import pytest

from tests.sandbox.wire import Wire

pytestmark = pytest.mark.anyio

TEXT = {"Content-Type": "text/plain"}
REFUSED = {"error": "a page of another site may not drive the sandbox"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "http://localhost.evil.example:8001"},
        {"Origin": "http://192.168.0.2"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=lambda headers: " ".join(headers.values()) or "empty",
)
async def test_a_foreign_page_is_refused_and_changes_nothing(wire: Wire, headers: dict[str, str]) -> None:
    user = await wire.control("users")

    answers = [
        await wire.http.post("/_sandbox/reset", content=b"{}", headers=TEXT | headers),
        await wire.http.put("/_sandbox/faults", content=b"{}", headers=TEXT | headers),
        await wire.http.get("/_sandbox/state", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert [answer.json() for answer in answers] == [REFUSED] * 3
    assert (await wire.state())["users"] == [user]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8000"},
        {"Origin": "http://[::1]:3000"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "http://sandbox:8001", "Host": "sandbox:8001"},
    ],
    ids=["curl", "address bar", "same machine", "localhost", "IPv6", "https", "its own"],
)
async def test_clients_and_pages_of_this_machine_go_on_working(wire: Wire, headers: dict[str, str]) -> None:
    answer = await wire.http.post("/_sandbox/users", content=b"{}", headers=TEXT | headers)

    assert answer.status_code == 200
    assert [user["openid"] for user in (await wire.state())["users"]] == [answer.json()["openid"]]
