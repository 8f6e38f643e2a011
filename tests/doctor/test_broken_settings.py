"""Settings that can be read and do not do, each with its own advice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.doctor_findings import Finding, Verdict
from server.doctor_settings import check_serving, check_surroundings
from tests.doctor.surgery import CANARY, MERCHANT, ONE, OTHER_KEY, Patient, add_person, faults, of, the

pytestmark = pytest.mark.anyio

GOOD_IN_PRODUCTION: dict[str, Any] = {
    "environment": "production",
    "database_url": f"postgres://user:{CANARY}@db/shop",
    "secret_keys": OTHER_KEY,
    "apps": [{"appid": ONE.appid, "secret": "0123456789abcdef0123456789abcdef"}],
    "wechat_api_url": "https://api.weixin.qq.com",
    "public_url": "https://shop.example",
    "pay_api_url": "https://api.mch.weixin.qq.com",
    "apiv3_key": "0123456789abcdef0123456789ABCDEF",
}
NO_MERCHANT: dict[str, Any] = dict.fromkeys(MERCHANT) | {
    "pay_api_url": "https://api.mch.weixin.qq.com",
    "apiv3_key": (),
}


async def test_a_key_that_is_none_is_told_and_stored_values_are_left_alone(patient: Patient) -> None:
    found = await patient.findings(secret_keys=f"{OTHER_KEY},{CANARY}")

    assert faults(found) == ["APPLETQL_SECRET_KEYS"]
    finding = the(found, "APPLETQL_SECRET_KEYS")
    assert finding.found == "key 2 is no Fernet key (32 bytes in URL-safe base64)"
    assert finding.advice.startswith("Make one with: python -c ")
    assert the(found, "stored session_keys") == Finding(
        Verdict.SKIPPED, "stored session_keys", "not checked: APPLETQL_SECRET_KEYS cannot be used"
    )


async def test_missing_keys_are_told_with_how_to_make_one(patient: Patient) -> None:
    found = await patient.findings(secret_keys="")

    assert faults(found) == ["APPLETQL_SECRET_KEYS"]
    assert the(found, "APPLETQL_SECRET_KEYS").found == "is missing"
    assert the(found, "APPLETQL_SECRET_KEYS").advice.startswith("Make one with: python -c ")


async def test_without_a_mini_program_there_are_no_credentials_to_check(patient: Patient) -> None:
    found = await patient.findings(apps=[])

    assert faults(found) == ["APPLETQL_APPID"]
    assert "APPLETQL_APPSECRET are missing" in the(found, "APPLETQL_APPID").found
    assert the(found, "credentials").found == "not checked: no mini program is configured"


async def test_an_appid_without_its_secret_is_told(patient: Patient) -> None:
    found = await patient.findings(apps=[], appid=ONE.appid)

    assert faults(found) == ["APPLETQL_APPID"]
    assert the(found, "APPLETQL_APPID").found.startswith("and APPLETQL_APPSECRET go together")


async def test_a_key_that_was_dropped_too_early_is_told(patient_on_each: Patient) -> None:
    # given
    url = patient_on_each.given["database_url"]
    await add_person(url, OTHER_KEY)
    await add_person(url, patient_on_each.given["secret_keys"])

    # when
    found = await patient_on_each.findings()

    # then
    assert faults(found) == ["stored session_keys"]
    finding = the(found, "stored session_keys")
    assert finding.found == "1 of 2 that were tried are opened by no key of APPLETQL_SECRET_KEYS"
    assert finding.advice.startswith(
        "A key was dropped too early: put it back, as the last one of APPLETQL_SECRET_KEYS"
    )


def settings_findings(**wrong: Any) -> Callable[[Patient], list[Finding]]:
    return lambda patient: list(check_serving(patient.settings(**GOOD_IN_PRODUCTION | wrong)))


def test_production_that_is_right_has_nothing_to_say(patient: Patient) -> None:
    assert [finding.verdict for finding in settings_findings()(patient)] == [Verdict.OK, Verdict.OK]


@pytest.mark.parametrize(
    ("wrong", "check", "advice"),
    [
        ({"wechat_api_url": "http://127.0.0.1:8001"}, "APPLETQL_WECHAT_API_URL", "Remove it to reach WeChat"),
        ({"public_url": "http://shop.example"}, "APPLETQL_PUBLIC_URL", "Set it right, in the environment or in .env"),
        ({"secret_keys": f"{'A' * 43}="}, "APPLETQL_SECRET_KEYS", "Make one with: python -c "),
        (
            {"apps": [{"appid": ONE.appid, "secret": ONE.secret}]},
            "APPLETQL_APPSECRET",
            "Copy it from WeChat's console",
        ),
    ],
)
def test_what_production_refuses_is_a_fault_with_its_advice(
    patient: Patient, wrong: dict[str, Any], check: str, advice: str
) -> None:
    found = settings_findings(**wrong)(patient)

    assert faults(found) == [check]
    assert the(found, check).advice.startswith(advice)


@pytest.mark.parametrize(
    ("odd", "check", "advice"),
    [
        ({"database_url": "sqlite://./shop.db"}, "APPLETQL_DATABASE_URL", "Run one server process only"),
        ({"graphiql": True}, "APPLETQL_GRAPHIQL", "Remove APPLETQL_GRAPHIQL unless"),
        (
            {"public_url": None} | NO_MERCHANT,
            "APPLETQL_PUBLIC_URL",
            "Set it to this server's https address, as phones reach it.",
        ),
    ],
)
def test_what_production_seldom_means_is_a_warning(
    patient: Patient, odd: dict[str, Any], check: str, advice: str
) -> None:
    found = settings_findings(**odd)(patient)

    assert (faults(found), of(found, Verdict.WARNING)) == ([], [check])
    assert the(found, check).advice.startswith(advice)


def test_without_a_public_address_it_is_told_that_there_are_no_pictures(patient: Patient) -> None:
    found = settings_findings(**NO_MERCHANT, public_url=None, host="10.0.0.7", port=9000)(patient)

    assert the(found, "APPLETQL_PUBLIC_URL").found == (
        "is missing, in production: uploads of pictures are refused, and those that are there are not shown"
    )


def test_with_payments_a_missing_public_address_is_told_once_as_a_fault(patient: Patient) -> None:
    found = settings_findings(public_url=None)(patient)

    assert (faults(found), of(found, Verdict.WARNING)) == (["APPLETQL_PUBLIC_URL"], [])
    assert the(found, "APPLETQL_PUBLIC_URL").found == "is missing: WeChat Pay sends its notifications there"


def test_development_needs_no_public_address(patient: Patient) -> None:
    assert of(settings_findings(environment="development", public_url=None)(patient), Verdict.WARNING) == []


def test_an_operation_that_would_not_outlast_wechat_is_a_fault(patient: Patient) -> None:
    found = settings_findings(wechat_timeout=4, operation_timeout=18)(patient)

    assert faults(found) == ["APPLETQL_OPERATION_TIMEOUT"]
    assert the(found, "APPLETQL_OPERATION_TIMEOUT").found == "must be at least 19 with this APPLETQL_WECHAT_TIMEOUT"


async def test_in_production_no_secret_is_sent_to_a_sandbox(patient: Patient) -> None:
    # given
    calls = dict(patient.sandbox.wechat.state.calls)

    # when
    found = await patient.findings(environment="production", public_url="https://shop.example")

    # then
    assert faults(found) == [
        "APPLETQL_APPSECRET",
        "APPLETQL_APPSECRET",
        "APPLETQL_WECHAT_API_URL",
        "APPLETQL_PAY_API_URL",
        "APPLETQL_APIV3_KEY",
    ]
    assert the(found, "WeChat Pay").found == "not checked: APPLETQL_PAY_API_URL has a fault"
    assert the(found, "WeChat").found == "not checked: APPLETQL_WECHAT_API_URL has a fault"
    assert patient.sandbox.wechat.state.calls == calls


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("APPLETQL_SECRET_KEY", "Was APPLETQL_SECRET_KEYS meant?"),
        ("APPLETQL_DATABSE_URL", "Was APPLETQL_DATABASE_URL meant?"),
        ("appletql_app_secret", "Was APPLETQL_APPSECRET meant?"),
        ("APPLETQL_COLOUR", "Remove it; the README lists the settings."),
    ],
)
def test_a_name_that_nothing_reads_is_a_warning_with_the_nearest_that_is_read(name: str, advice: str) -> None:
    found = list(check_surroundings([name, "APPLETQL_PORT", "appletql_host", "HOME"], Path("none")))

    assert found == [
        Finding(Verdict.WARNING, name.upper(), "stands in the environment, and nothing reads it", advice),
    ]


def test_names_in_the_file_are_read_without_their_values(tmp_path: Path) -> None:
    # given
    file = tmp_path / ".env"
    file.write_bytes(
        b"# APPLETQL_COMMENT=1\n\nAPPLETQL_PORT=1\nexport APPLETQL_PROT=2\n  'APPLETQL_HOTS' = x\nAPPLETQL_PLAIN\n"
        b"OTHER=APPLETQL_VALUE=3\nAPPLETQL_APPID=\xff\xfe\n"
    )
    file.chmod(0o600)

    # when
    found = list(check_surroundings([], file))

    # then
    assert [(finding.check, finding.found) for finding in found] == [
        (name, "stands in .env, and nothing reads it") for name in ("APPLETQL_HOTS", "APPLETQL_PLAIN", "APPLETQL_PROT")
    ]


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o700, False), (0o640, True), (0o604, True)])
def test_a_file_that_others_may_read_is_a_warning(tmp_path: Path, mode: int, warned: bool) -> None:
    file = tmp_path / ".env"
    file.write_text("APPLETQL_PORT=1\n", encoding="utf-8")
    file.chmod(mode)

    found = list(check_surroundings([], file))

    assert [(finding.check, finding.advice) for finding in found] == (
        [(".env", "Take that away: chmod 600 .env")] if warned else []
    )
    assert file.stat().st_mode & 0o777 == mode
