"""WeChat Pay that refuses the merchant, cannot be reached or cannot be verified, each with its own advice."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sandbox.pay.switches import Switches
from server.doctor_findings import Finding, Verdict
from server.doctor_pay import PAY, PAY_KEYS, check_pay
from tests.doctor.surgery import MERCHANT, PRIVATE, Patient, faults, of, silent_server, the
from tests.process.running import free_port

pytestmark = pytest.mark.anyio

BY_CERTIFICATE: dict[str, Any] = {"pay_public_key_id": None, "pay_public_key_file": None}
NO_MERCHANT: dict[str, Any] = dict.fromkeys(MERCHANT) | {
    "pay_api_url": "https://api.mch.weixin.qq.com",
    "apiv3_key": (),
}
CERTIFICATES, QUERY = "/v3/certificates", "/v3/pay/transactions/out-trade-no/{out_trade_no}"
OTHER_APIV3_KEY = "0123456789abcdef0123456789abcdef"
TAKEN = Finding(Verdict.OK, PAY, "takes this merchant's signature")
FIT = Finding(
    Verdict.OK, PAY_KEYS, "fit its answers, and the APIv3 key opens its certificates where this merchant has any"
)
SEE_PAY = Finding(Verdict.SKIPPED, PAY_KEYS, "not checked: see WeChat Pay")


@pytest.fixture(scope="session")
def other_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key pair of somebody else's."""
    folder = tmp_path_factory.mktemp("other")
    key = generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "apiclient_key.pem").write_bytes(private)
    (folder / "pub_key.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return folder


@pytest.fixture
def public_key_only(patient: Patient) -> Iterator[None]:
    """A merchant that WeChat Pay never gave certificates."""
    patient.sandbox.wechat.pay.switches = Switches(public_key_only=True)
    yield
    patient.sandbox.wechat.pay.clear()


async def look(patient: Patient, **wrong: Any) -> list[Finding]:
    """The findings about WeChat Pay, after a look that nothing private is told and that no order was made."""
    found = await check_pay(patient.settings(**wrong))
    shown = str(found)
    assert not [private for private in (*PRIVATE, OTHER_APIV3_KEY) if private in shown]
    assert all(bool(finding.advice) is (finding.verdict in (Verdict.WARNING, Verdict.FAULT)) for finding in found)
    assert patient.sandbox.wechat.state.orders == {}
    return found


@pytest.mark.parametrize("keys", [{}, BY_CERTIFICATE], ids=["public key", "certificates"])
async def test_what_is_right_is_told(patient: Patient, keys: dict[str, Any]) -> None:
    assert await look(patient, **keys) == [TAKEN, FIT]


async def test_of_two_apiv3_keys_either_may_be_the_one(patient: Patient) -> None:
    right = patient.given["apiv3_key"]

    for both in (f"{OTHER_APIV3_KEY},{right}", f"{right},{OTHER_APIV3_KEY}"):
        assert await look(patient, apiv3_key=both, **BY_CERTIFICATE) == [TAKEN, FIT]


async def test_without_a_merchant_there_is_nothing_to_ask(patient: Patient) -> None:
    found = await patient.findings(**NO_MERCHANT)

    assert faults(found) == []
    assert the(found, PAY) == Finding(
        Verdict.SKIPPED,
        PAY,
        "not checked: no merchant account is configured (APPLETQL_MCHID), so orders cannot be paid",
    )


async def test_half_a_merchant_is_told_by_the_settings_and_nobody_is_asked(patient: Patient) -> None:
    # given
    calls = dict(patient.sandbox.wechat.state.calls)

    # when
    found = await look(patient, mch_serial=None)

    # then
    assert found == [Finding(Verdict.SKIPPED, PAY, "not checked: the settings of the merchant account have a fault")]
    assert patient.sandbox.wechat.state.calls == calls
    assert faults(await patient.findings(mch_serial=None)) == ["APPLETQL_MCH_SERIAL"]


@pytest.mark.parametrize("keys", [{}, BY_CERTIFICATE], ids=["public key", "certificates"])
async def test_a_serial_of_another_certificate_is_told(patient: Patient, keys: dict[str, Any]) -> None:
    refused, other = await look(patient, mch_serial="4" * 40, **keys)

    assert (refused.verdict, refused.found) == (Verdict.FAULT, "refuses this merchant (SIGN_ERROR)")
    assert "APPLETQL_MCHID, APPLETQL_MCH_SERIAL and APPLETQL_MCH_KEY_FILE, which must belong together" in refused.advice
    assert other == SEE_PAY


async def test_a_key_of_another_merchant_is_told(patient: Patient, other_keys: Path) -> None:
    refused, other = await look(patient, mch_key_file=other_keys / "apiclient_key.pem")

    assert (refused.verdict, refused.found) == (Verdict.FAULT, "refuses this merchant (SIGN_ERROR)")
    assert "APPLETQL_MCH_KEY_FILE" in refused.advice
    assert other == SEE_PAY


async def test_an_unknown_merchant_number_is_told(patient: Patient) -> None:
    refused, other = await look(patient, mchid="1900009999")

    assert (refused.verdict, refused.found) == (Verdict.FAULT, "refuses this merchant (MCH_NOT_EXISTS)")
    assert refused.advice.startswith("Look at APPLETQL_MCHID")
    assert other == SEE_PAY


async def test_another_apiv3_key_is_told_beside_a_public_key(patient: Patient) -> None:
    merchant, keys = await look(patient, apiv3_key=OTHER_APIV3_KEY)

    assert merchant == TAKEN
    assert (keys.verdict, keys.found) == (Verdict.FAULT, "no certificate opens with an APIv3 key")
    assert keys.advice.startswith("Look at APPLETQL_APIV3_KEY")


async def test_another_apiv3_key_leaves_nothing_to_verify_with_where_there_is_no_public_key(patient: Patient) -> None:
    merchant, keys = await look(patient, apiv3_key=OTHER_APIV3_KEY, **BY_CERTIFICATE)

    assert merchant == Finding(Verdict.SKIPPED, PAY, "not checked: its answers cannot be verified")
    assert (keys.verdict, keys.found) == (Verdict.FAULT, "its answers cannot be verified")
    assert keys.advice.startswith("Look at APPLETQL_APIV3_KEY, which opens the certificates; or set APPLETQL_PAY_PUBLI")


async def test_another_public_key_is_told(patient: Patient, other_keys: Path) -> None:
    merchant, keys = await look(patient, pay_public_key_file=other_keys / "pub_key.pem")

    assert merchant == TAKEN
    assert (keys.verdict, keys.found) == (Verdict.FAULT, "its answers cannot be verified")
    assert keys.advice.startswith("Look at APPLETQL_PAY_PUBLIC_KEY_ID and APPLETQL_PAY_PUBLIC_KEY_FILE")


async def test_an_unknown_public_key_id_is_told(patient: Patient) -> None:
    refused, other = await look(patient, pay_public_key_id="PUB_KEY_ID_011")

    assert (refused.verdict, refused.found) == (Verdict.FAULT, "refuses to be asked for its keys (INVALID_REQUEST)")
    assert refused.advice == "Look at APPLETQL_PAY_PUBLIC_KEY_ID and APPLETQL_PAY_PUBLIC_KEY_FILE."
    assert other == SEE_PAY


@pytest.mark.usefixtures("public_key_only")
async def test_a_merchant_without_certificates_needs_the_public_key(patient: Patient) -> None:
    assert await look(patient) == [TAKEN, FIT]

    refused, _ = await look(patient, **BY_CERTIFICATE)
    assert refused.verdict is Verdict.FAULT
    assert refused.advice.startswith("The merchant has no platform certificates: set APPLETQL_PAY_PUBLIC_KEY_ID")


async def test_where_nothing_listens_is_told_and_the_rest_is_checked(patient: Patient) -> None:
    found = await patient.findings(pay_api_url=f"http://127.0.0.1:{free_port()}")

    assert faults(found) == [PAY]
    assert the(found, PAY).found == "no answer to rely on (not reachable)"
    assert the(found, PAY).advice.startswith("Look at APPLETQL_PAY_API_URL, DNS, the firewall")
    assert of(found, Verdict.SKIPPED) == [PAY_KEYS]
    assert the(found, "WeChat").verdict is Verdict.OK


async def test_an_address_without_a_use_is_told(patient: Patient) -> None:
    [finding] = await look(patient, pay_api_url="http://127.0.0.1:0")

    assert (finding.verdict, finding.found) == (Verdict.FAULT, "APPLETQL_PAY_API_URL is no usable address")
    assert finding.advice.startswith("Look at APPLETQL_PAY_API_URL")


@pytest.mark.parametrize(
    ("path", "fault", "found"),
    [
        (CERTIFICATES, "http:502", "no answer to rely on (WeChat is busy)"),
        (CERTIFICATES, "code:FREQUENCY_LIMITED", "no answer to rely on (called too often)"),
        (CERTIFICATES, "reset", "no answer to rely on (the connection broke off)"),
        (CERTIFICATES, "code:NO_AUTH", "refuses this merchant (NO_AUTH)"),
        (QUERY, "http:502", "no answer to rely on (WeChat is busy)"),
        (QUERY, "reset", "no answer to rely on (the connection broke off)"),
        (QUERY, "delay:4", "no answer to rely on (no answer in time)"),
        (QUERY, "code:NO_AUTH", "refuses this merchant (NO_AUTH)"),
    ],
)
async def test_each_failure_is_a_fault_with_its_advice(patient: Patient, path: str, fault: str, found: str) -> None:
    # given
    await patient.fault(fault, path)

    # when
    merchant, keys = await look(patient, wechat_timeout=1.0)

    # then
    assert (merchant.check, merchant.verdict, merchant.found) == (PAY, Verdict.FAULT, found)
    assert keys == SEE_PAY


@pytest.mark.parametrize("fault", ["bad-signature", "signtest"])
async def test_an_answer_that_was_tampered_with_is_told(patient: Patient, fault: str) -> None:
    await patient.fault(fault, CERTIFICATES)

    merchant, keys = await look(patient)

    assert merchant == TAKEN
    assert (keys.verdict, keys.found) == (Verdict.FAULT, "its answers cannot be verified")


async def test_what_is_no_wechat_pay_says_nothing_about_the_keys(patient: Patient) -> None:
    # given
    for_both = {"faults": [{"path": path, "fault": "garbage", "times": 9} for path in (CERTIFICATES, QUERY)]}
    patient.sandbox.wechat.faults.replace(for_both, patient.sandbox.wechat.endpoints)

    # when
    merchant, keys = await look(patient)

    # then
    assert (merchant.verdict, keys) == (Verdict.FAULT, SEE_PAY)
    assert "APPLETQL_PAY_API_URL" in merchant.advice


async def test_waiting_has_a_bound_of_its_own(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.doctor_pay._LONGEST_WAIT", 0.2)
    async with silent_server() as port:
        started = time.monotonic()
        found = await look(patient, pay_api_url=f"http://127.0.0.1:{port}", wechat_timeout=10, operation_timeout=60)

    assert faults(found) == [PAY]
    assert found[0].found == "no answer to rely on (no answer in time)"
    assert time.monotonic() - started < 3
