"""The merchant account: everything that stands against taking payments, all at once, and never a value or a path."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_curve_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from server.merchant import faults_of_merchant, open_pay
from server.settings import SettingsError, read_settings
from server.settings_rules import faults_for_serving
from tests.settings.test_rules import GOOD

MCHID, SERIAL = "1900005440", "4ABCDEF0123456789ABCDEF0123456789ABCDEF0"
APIV3_KEY = "0123456789abcdef0123456789ABCDEF"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000054402026"
CANARY = "c4n4ry-0fa9"
NOTIFY_PATH = "/wechat/pay/notify"

NO_KEY = "APPLETQL_MCH_KEY_FILE: must hold apiclient_key.pem, the merchant's RSA private key, without a password"
NO_PUBLIC_KEY = (
    "APPLETQL_PAY_PUBLIC_KEY_FILE: must hold pub_key.pem, WeChat Pay's RSA public key: "
    "no certificate, and no key of the merchant"
)
TOGETHER = "APPLETQL_PAY_PUBLIC_KEY_ID: and APPLETQL_PAY_PUBLIC_KEY_FILE go together: set both, or neither"
NO_SERIAL = "APPLETQL_MCH_SERIAL: is missing: the serial of the merchant's API certificate"
NO_KEY_FILE = "APPLETQL_MCH_KEY_FILE: is missing: the path of apiclient_key.pem"
NO_APIV3_KEY = "APPLETQL_APIV3_KEY: is missing: the APIv3 key; without it WeChat sends no notifications"
SANDBOX_URL = "APPLETQL_PAY_API_URL: points at a sandbox; remove it to reach WeChat Pay"
NO_PUBLIC_URL = "APPLETQL_PUBLIC_URL: is missing: WeChat Pay sends its notifications there"
PLACEHOLDER = "APPLETQL_APIV3_KEY: looks like a placeholder; set your own in WeChat Pay's merchant console"


def other_apiv3_key(place: int) -> str:
    return (
        f"APPLETQL_APIV3_KEY: key {place} is not 32 characters long; copy what was set in WeChat Pay's merchant console"
    )


def pem(key: RSAPrivateKey, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def public_pem(key: RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key files, good and bad, in a folder whose name must not be told."""
    made = tmp_path_factory.mktemp(CANARY)
    key = generate_private_key(65537, 2048)
    curve_key = generate_curve_key(SECP256R1())
    files = {
        "key.pem": pem(key),
        "pub_key.pem": public_pem(key),
        "locked.pem": pem(key, BestAvailableEncryption(b"password")),
        "short.pem": pem(generate_private_key(65537, 1024)),  # noqa: S505  (to be refused)
        "curve.pem": curve_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "curve_pub.pem": curve_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "cut.pem": pem(key)[:-200],
        "certificate.pem": b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "text.pem": CANARY.encode(),
        "empty.pem": b"",
        "binary.pem": b"\x30\x82\xff",
        "wide.pem": pem(key).decode().encode("utf-16"),
        "large.pem": b"#" * 70_000 + pem(key),
        "headed.pem": b"# of the merchant console\n" + pem(key),
        "traditional.pem": key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    }
    for name, content in files.items():
        (made / name).write_bytes(content)
    return made


def account(folder: Path, **wrong: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "mchid": MCHID,
        "mch_serial": SERIAL,
        "mch_key_file": "key.pem",
        "apiv3_key": APIV3_KEY,
        "pay_public_key_id": PUBLIC_KEY_ID,
        "pay_public_key_file": "pub_key.pem",
        "public_url": "https://shop.example",
    } | wrong
    files = {name: folder / given[name] for name in ("mch_key_file", "pay_public_key_file") if given[name]}
    return given | files


def complaints(folder: Path, **wrong: Any) -> list[str]:
    """Everything that stands against serving, after a look that no value and no path is in it."""
    settings = read_settings(_env_file=None, **GOOD | account(folder, **wrong))
    told = [str(fault) for fault in faults_for_serving(settings)]
    assert not [fault for fault in told if any(secret in fault for secret in (CANARY, APIV3_KEY, str(folder)))]
    return told


@pytest.mark.parametrize(
    "taken",
    [
        {},
        {"pay_public_key_id": None, "pay_public_key_file": None},
        {"apiv3_key": f"{APIV3_KEY},{APIV3_KEY[::-1]}"},
        {"mch_key_file": "headed.pem"},
        {"mch_key_file": "traditional.pem"},
        {"mch_serial": SERIAL.lower()},
        {"pay_api_url": "https://api2.mch.weixin.qq.com"},
        {"order_ttl": 5},
        {"public_url": f"https://shop.example/{'a' * (237 - 21)}"},
    ],
    ids=str,
)
def test_a_whole_account_serves_in_production(folder: Path, taken: dict[str, Any]) -> None:
    assert complaints(folder, **taken) == []


@pytest.mark.parametrize("environment", ["production", "development"])
@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"mch_serial": None}, NO_SERIAL),
        ({"mch_key_file": None}, NO_KEY_FILE),
        ({"apiv3_key": ""}, NO_APIV3_KEY),
        ({"pay_public_key_file": None}, TOGETHER),
        ({"pay_public_key_id": None}, TOGETHER),
        ({"apiv3_key": "short"}, other_apiv3_key(1)),
        ({"apiv3_key": f"{APIV3_KEY}x"}, other_apiv3_key(1)),
        ({"apiv3_key": f"{APIV3_KEY},{APIV3_KEY[1:]}"}, other_apiv3_key(2)),
        ({"apiv3_key": f"{APIV3_KEY[1:]}\N{CJK UNIFIED IDEOGRAPH-5BC6}"}, other_apiv3_key(1)),
        ({"mch_key_file": "missing.pem"}, "APPLETQL_MCH_KEY_FILE: cannot be read (FileNotFoundError)"),
        ({"mch_key_file": "."}, "APPLETQL_MCH_KEY_FILE: cannot be read (IsADirectoryError)"),
        ({"pay_public_key_file": "missing.pem"}, "APPLETQL_PAY_PUBLIC_KEY_FILE: cannot be read (FileNotFoundError)"),
        *(
            ({"mch_key_file": f"{name}.pem"}, NO_KEY)
            for name in ("pub_key", "locked", "short", "curve", "cut", "certificate", "text", "empty", "large")
        ),
        *(
            ({"mch_key_file": f"{name}.pem"}, "APPLETQL_MCH_KEY_FILE: is no PEM file: it begins with -----BEGIN and is")
            for name in ("binary", "wide")
        ),
        *(
            ({"pay_public_key_file": f"{name}.pem"}, NO_PUBLIC_KEY)
            for name in ("key", "curve_pub", "certificate", "text", "empty")
        ),
        (
            {"public_url": f"https://shop.example/{'a' * (237 - 20)}"},
            "APPLETQL_PUBLIC_URL: is too long for WeChat Pay's notifications: at most 237 characters",
        ),
    ],
    ids=str,
)
def test_each_fault_of_the_account_is_told_everywhere(
    folder: Path, wrong: dict[str, Any], complaint: str, environment: str
) -> None:
    (told,) = complaints(folder, environment=environment, **wrong)

    assert told.startswith(complaint)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"pay_api_url": "http://127.0.0.1:8001"}, SANDBOX_URL),
        ({"pay_api_url": "https://127.0.0.1:8001"}, SANDBOX_URL),
        ({"pay_api_url": "http://api.mch.weixin.qq.com"}, SANDBOX_URL),
        ({"pay_api_url": "https://sandbox.internal"}, SANDBOX_URL),
        ({"public_url": None}, NO_PUBLIC_URL),
        ({"apiv3_key": "5a4db0c5-not-a-real-apiv3-key-01"}, PLACEHOLDER),
        ({"apiv3_key": f"{APIV3_KEY},ChangeMe{'0' * 24}"}, PLACEHOLDER),
    ],
    ids=str,
)
def test_production_refuses_what_development_takes(folder: Path, wrong: dict[str, Any], complaint: str) -> None:
    assert complaints(folder, **wrong) == [complaint]
    assert complaints(folder, environment="development", **wrong) == []


def test_a_sandbox_without_payments_is_no_fault() -> None:
    settings = read_settings(_env_file=None, **GOOD, pay_api_url="http://127.0.0.1:8001")

    assert faults_for_serving(settings) == []


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"mch_serial": SERIAL}, "APPLETQL_MCH_SERIAL"),
        ({"apiv3_key": APIV3_KEY}, "APPLETQL_APIV3_KEY"),
        ({"pay_public_key_id": PUBLIC_KEY_ID}, "APPLETQL_PAY_PUBLIC_KEY_ID"),
        ({"pay_public_key_file": "pub_key.pem"}, "APPLETQL_PAY_PUBLIC_KEY_FILE"),
        (
            {"apiv3_key": APIV3_KEY, "mch_key_file": f"{CANARY}.pem", "mch_serial": SERIAL},
            "APPLETQL_MCH_SERIAL, APPLETQL_MCH_KEY_FILE, APPLETQL_APIV3_KEY",
        ),
    ],
    ids=str,
)
def test_half_an_account_without_its_number_is_told(given: dict[str, Any], names: str) -> None:
    settings = read_settings(_env_file=None, **GOOD | given)

    assert [str(fault) for fault in faults_for_serving(settings)] == [
        f"APPLETQL_MCHID: is missing, and there is {names}"
    ]


def test_no_account_at_all_is_a_decision() -> None:
    assert faults_of_merchant(read_settings(_env_file=None)) == []


def test_everything_is_told_at_once(folder: Path) -> None:
    assert complaints(
        folder,
        mch_serial=None,
        mch_key_file="text.pem",
        apiv3_key=f"short,{APIV3_KEY},changeme",
        pay_public_key_id=None,
        pay_public_key_file="missing.pem",
        pay_api_url="http://127.0.0.1:8001",
        public_url=f"http://shop.example/{'a' * 230}",
    ) == [
        NO_SERIAL,
        TOGETHER,
        other_apiv3_key(1),
        other_apiv3_key(3),
        NO_KEY,
        "APPLETQL_PAY_PUBLIC_KEY_FILE: cannot be read (FileNotFoundError)",
        "APPLETQL_PUBLIC_URL: is too long for WeChat Pay's notifications: at most 237 characters",
        SANDBOX_URL,
        PLACEHOLDER,
        "APPLETQL_PUBLIC_URL: must be https: WeChat calls nothing else",
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "wrong", [{"mch_key_file": "missing.pem"}, {"pay_public_key_file": "binary.pem"}, {"mch_key_file": None}]
)
async def test_a_file_that_is_gone_since_is_told_without_its_path(folder: Path, wrong: dict[str, Any]) -> None:
    settings = read_settings(_env_file=None, **GOOD | account(folder, **wrong))

    with pytest.raises(SettingsError) as raised:
        async with open_pay(settings):
            pass

    shown = "".join(traceback.format_exception(raised.value))
    assert CANARY not in shown
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


@pytest.mark.anyio
async def test_without_an_account_there_is_no_wire() -> None:
    async with open_pay(read_settings(_env_file=None)) as pay:
        assert pay is None


@pytest.mark.anyio
async def test_the_wire_has_the_account_and_shows_none_of_its_secrets(folder: Path) -> None:
    settings = read_settings(_env_file=None, **GOOD | account(folder, mch_serial=SERIAL.lower()))

    async with open_pay(settings) as pay:
        assert pay is not None
        assert (pay.merchant.mchid, pay.merchant.serial) == (MCHID, SERIAL)
        assert pay.key_ring.has_public_key
        assert not [secret for secret in (APIV3_KEY, "PRIVATE", CANARY) if secret in repr(pay.merchant)]
