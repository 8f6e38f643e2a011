"""WeChat that cannot be reached, credentials that are wrong and clocks that differ, each with its own advice."""

import time
from dataclasses import replace

import pytest

from sandbox.server import running
from server import doctor_wechat
from server.doctor_findings import Finding, Verdict
from server.doctor_wechat import check_wechat
from tests.doctor.surgery import ONE, TWO, Patient, faults, of, sandbox_with_date, silent_server, the
from tests.process.running import free_port

pytestmark = pytest.mark.anyio

CREDENTIALS = f"credentials of {ONE.appid}"
UNKNOWN_APPID = "wx5a4db0c5ffffffff"


def app(appid: str = ONE.appid, secret: str = ONE.secret) -> list[dict[str, str]]:
    return [{"appid": appid, "secret": secret}]


async def test_a_wrong_secret_is_told_with_where_it_stands(patient: Patient) -> None:
    found = await patient.findings(apps=[*app(secret="wrong"), {"appid": TWO.appid, "secret": TWO.secret}])

    assert faults(found) == [CREDENTIALS]
    assert "errcode 40125" in the(found, CREDENTIALS).found
    assert the(found, CREDENTIALS).advice.startswith("Look at APPLETQL_APPSECRET")
    assert the(found, f"credentials of {TWO.appid}").verdict is Verdict.OK


async def test_an_unknown_appid_is_told(patient: Patient) -> None:
    found = await patient.findings(apps=app(UNKNOWN_APPID))

    assert faults(found) == [f"credentials of {UNKNOWN_APPID}"]
    finding = the(found, f"credentials of {UNKNOWN_APPID}")
    assert "errcode 40013" in finding.found
    assert finding.advice.startswith("Look at APPLETQL_APPID")


@pytest.mark.parametrize(
    ("fault", "verdict", "found", "advice"),
    [
        ("errcode:40164", Verdict.FAULT, "errcode 40164", "Add this server's outgoing address to the IP whitelist"),
        ("errcode:40243", Verdict.FAULT, "errcode 40243", "Unfreeze the AppSecret in WeChat's console"),
        ("errcode:89503", Verdict.FAULT, "errcode 89503", "An administrator of the app must confirm"),
        ("errcode:50004", Verdict.FAULT, "errcode 50004", "Look at the notices of the app's account"),
        ("errcode:40001", Verdict.FAULT, "errcode 40001", "Look at APPLETQL_APPSECRET"),
        ("errcode:-1", Verdict.WARNING, "errcode -1", "Run appletql doctor again in a minute."),
        ("errcode:45009", Verdict.WARNING, "errcode 45009", "Run appletql doctor again in a minute."),
        ("errcode:61010", Verdict.FAULT, "errcode 61010", "Look the errcode up in WeChat's documentation."),
        ("garbage", Verdict.FAULT, "what answers is not WeChat", "Look at APPLETQL_WECHAT_API_URL, and at proxies"),
        ("http:502", Verdict.FAULT, "HTTP 502", "Look at APPLETQL_WECHAT_API_URL, and at proxies"),
        ("reset", Verdict.FAULT, "no answer", "Run appletql doctor again; look at the way to WeChat."),
        ("delay:4", Verdict.FAULT, "1 s", "Run appletql doctor again; look at the way to WeChat."),
    ],
)
async def test_each_refusal_of_credentials_has_its_advice(
    patient: Patient, fault: str, verdict: Verdict, found: str, advice: str
) -> None:
    # given
    await patient.fault(fault)

    # when
    findings = await patient.findings(apps=app(), wechat_timeout=1.0)

    # then
    assert of(findings, verdict) == [CREDENTIALS]
    assert [finding.check for finding in findings if finding.verdict is not Verdict.OK] == [CREDENTIALS]
    assert found in the(findings, CREDENTIALS).found
    assert the(findings, CREDENTIALS).advice.startswith(advice)


async def test_a_sandbox_that_is_not_there_is_told_and_the_rest_skipped(patient: Patient) -> None:
    address = f"http://127.0.0.1:{free_port()}"

    found = await patient.findings(wechat_api_url=address, apps=app())

    assert faults(found) == ["WeChat"]
    assert the(found, "WeChat").found == f"{address}: not reachable"
    assert the(found, "WeChat").advice.startswith("Start the sandbox (appletql sandbox)")
    assert [the(found, check).found for check in ("clock", CREDENTIALS)] == [
        "not checked: WeChat cannot be reached"
    ] * 2


async def test_in_production_the_way_to_wechat_is_to_be_looked_at(patient: Patient) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    settings = patient.settings(environment="production", wechat_api_url=address)

    found = [finding async for finding in check_wechat(settings)]

    assert faults(found) == ["WeChat"]
    assert the(found, "WeChat").advice.startswith("Let this server reach it: look at DNS, the firewall")


async def test_an_address_without_a_use_is_told(patient: Patient) -> None:
    found = await patient.findings(wechat_api_url="http://127.0.0.1:0")

    assert faults(found) == ["WeChat"]
    assert the(found, "WeChat").found == "APPLETQL_WECHAT_API_URL is no usable address"
    assert the(found, "WeChat").advice.startswith("Look at APPLETQL_WECHAT_API_URL")


async def test_waiting_has_a_bound_of_its_own(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_wechat, "_LONGEST_WAIT", 0.2)
    async with silent_server() as port:
        started = time.monotonic()
        found = await patient.findings(
            wechat_api_url=f"http://127.0.0.1:{port}", wechat_timeout=10, operation_timeout=60
        )

    assert faults(found) == ["WeChat"]
    assert the(found, "WeChat").found.endswith("no answer in time")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("ahead", "verdict", "found"),
    [
        (30, Verdict.OK, "agrees with WeChat's"),
        (-90, Verdict.WARNING, "this server's is {} seconds ahead of WeChat's"),
        (90, Verdict.WARNING, "this server's is {} seconds behind WeChat's"),
        (-400, Verdict.FAULT, "this server's is {} seconds ahead of WeChat's"),
        (400, Verdict.FAULT, "this server's is {} seconds behind WeChat's"),
    ],
)
async def test_a_clock_that_differs_is_told_by_how_much_and_which_way(
    patient: Patient, ahead: int, verdict: Verdict, found: str
) -> None:
    async with running(sandbox_with_date(ahead)) as server:
        other = replace(patient, sandbox=server, given={**patient.given, "wechat_api_url": server.url})
        findings = await other.findings()

    finding = the(findings, "clock")
    assert finding.verdict is verdict
    assert finding.found in {found.format(abs(ahead) + off) for off in (-1, 0, 1)}
    assert not finding.advice or finding.advice.startswith("Let NTP set this server's clock")
    assert faults(findings) == (["clock"] if verdict is Verdict.FAULT else [])


async def test_an_answer_without_a_clock_is_a_warning_and_credentials_are_asked(patient: Patient) -> None:
    async with running(sandbox_with_date(None)) as server:
        found = await patient.findings(wechat_api_url=server.url)

    assert of(found, Verdict.WARNING) == ["clock"]
    assert the(found, "clock") == Finding(
        Verdict.WARNING,
        "clock",
        "the answer shows no time to compare with",
        "Look at APPLETQL_WECHAT_API_URL, and at proxies and portals between this server and WeChat.",
    )
    assert the(found, CREDENTIALS).verdict is Verdict.OK
