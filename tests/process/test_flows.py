"""What an applet does after signing in, over real sockets to a real server: profile, phone, avatar, share."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests import canaries
from tests.accounts.operations import BIND_PHONE, UPDATE_PROFILE, encrypted, signed
from tests.accounts.pictures import picture
from tests.process.running import free_port, started, wait_until_ready
from tests.world import LOGIN

OPEN = """mutation ($input: OpenShareInput!) { openShare(input: $input) {
  __typename ... on OpenShareSuccess { groupId share { sharedBy { nickname } } }
} }"""
SHARE = """mutation { createShare(input: {page: "pages/a", title: "t"}) {
  ... on CreateShareSuccess { share { code } }
} }"""


@dataclass
class Applet:
    """One person with a phone, and the server and the sandbox that it talks to."""

    server: httpx.Client
    sandbox: httpx.Client
    openid: str = ""
    token: str = ""

    def phone(self, api: str, **given: Any) -> dict[str, Any]:
        body = {"openid": self.openid, **given} if self.openid else given
        answer: dict[str, Any] = self.sandbox.post(f"/_sandbox/{api}", json=body).raise_for_status().json()
        canaries.add(answer.get("code"), answer.get("openid"))
        return answer

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.server.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        [result] = answer.raise_for_status().json()["data"].values()
        found: dict[str, Any] = result
        return found

    def sign_in(self, share_code: str | None = None) -> dict[str, Any]:
        code = self.phone("wx/login")
        self.openid = code["openid"]
        result = self.ask(LOGIN, code=code["code"], shareCode=share_code)
        self.token = result["token"]
        canaries.add(self.token)
        return result


@pytest.fixture(scope="module")
def applets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Applet]]:
    port, sandbox_port = free_port(), free_port()
    url, sandbox_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}"
    with (
        started(tmp_path_factory.mktemp("flows"), "dev", PORT=str(port), SANDBOX_PORT=str(sandbox_port)),
        httpx.Client(base_url=url, timeout=10) as server,
        httpx.Client(base_url=sandbox_url, timeout=10) as sandbox,
    ):
        wait_until_ready(url)
        yield [Applet(server, sandbox), Applet(server, sandbox)]


def test_a_person_fills_in_everything_and_shares_it(applets: list[Applet]) -> None:
    one, other = applets
    one.sign_in()
    one.phone("users", nickname="阿丽", gender=2, phone="13800138000")
    headers = {"Authorization": f"Bearer {one.token}"}

    uploaded = one.server.post("/uploads/avatar", files={"file": ("a.png", picture())}, headers=headers)
    url = uploaded.raise_for_status().json()["url"]
    typed = one.ask(UPDATE_PROFILE, input={"fields": {"avatarUrl": url, "city": "深圳"}})
    shown = one.server.get(url)
    by_signature = one.ask(UPDATE_PROFILE, input=signed(one.phone("wx/getUserInfo")))
    by_data = one.ask(UPDATE_PROFILE, input=encrypted(one.phone("wx/getUserInfo", profile=True)))
    by_code = one.ask(BIND_PHONE, input={"code": one.phone("wx/getPhoneNumber")["code"]})
    by_older = one.ask(BIND_PHONE, input=encrypted(one.phone("wx/getPhoneNumber")))
    code = one.ask(SHARE)["share"]["code"]
    arrived = other.sign_in(code)
    group = other.phone("wx/getShareInfo", group="friends")
    opened = other.ask(OPEN, input={"code": code, "group": encrypted(group)["encrypted"]})

    assert typed["user"]["avatarUrl"] == url
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert [result["user"]["nickname"] for result in (by_signature, by_data)] == ["阿丽"] * 2
    assert [result["user"]["phone"]["number"] for result in (by_code, by_older)] == ["+8613800138000"] * 2
    assert arrived["isNewUser"] is True
    assert opened["groupId"].startswith("tG")
    assert opened["share"]["sharedBy"] == {"nickname": "阿丽"}
