"""What WeChat and its libraries publish as examples comes out here, to the byte."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.wechat.pay.vectors import JAVA_KEYS, NOTICE, OFFICIAL, VECTORS, key_of
from wechat.pay.certificates import read_certificates
from wechat.pay.errors import NoticeForged, NoticeHeadersMissing, NoticeRefused, NoticeStale, UnknownSerial
from wechat.pay.key_ring import KeyRing
from wechat.pay.merchant import Merchant
from wechat.pay.notices import NoticeReader
from wechat.pay.results import Transaction
from wechat.pay.sealed import decrypt, open_sealed
from wechat.pay.signing import Signer, is_signed, payment_message, random_nonce, request_message, sign

pytestmark = pytest.mark.anyio

GIVEN = OFFICIAL["inputs"]
APIV3_KEY = NOTICE["inputs"]["api_v3_key"]
MERCHANT = Merchant(GIVEN["mchid"], GIVEN["serial_no"], GIVEN["test_private_key_pem"], (APIV3_KEY,))
SIGNED_AT = datetime.fromtimestamp(int(GIVEN["timestamp"]), UTC)
NOTICED_AT = datetime.fromtimestamp(int(NOTICE["inputs"]["headers"]["Wechatpay-Timestamp"]), UTC)


def signer() -> Signer:
    return Signer(MERCHANT, lambda: SIGNED_AT + timedelta(microseconds=999_999), lambda: GIVEN["nonce_str"])


async def nothing() -> list[Any]:
    return []


def reader(now: datetime = NOTICED_AT, *, serial: str = JAVA_KEYS["expected"]["wechatpay_cert_serial"]) -> NoticeReader:
    pem = JAVA_KEYS["inputs"]["wechatpay_public_key_pem"]
    ring = KeyRing(nothing, lambda: now, public_key_id=serial, public_key_pem=pem)
    return NoticeReader(ring, (APIV3_KEY,), lambda: now)


async def test_the_official_request_is_signed_as_published() -> None:
    request = httpx.Request(
        GIVEN["method"], "https://api.mch.weixin.qq.com" + GIVEN["canonical_url"], content=GIVEN["body"].encode()
    )

    await signer().sign_request(request)

    assert request.headers["authorization"] == OFFICIAL["expected"]["authorization"]


def test_the_message_of_a_request_is_as_published() -> None:
    parts = (GIVEN["method"], GIVEN["canonical_url"], GIVEN["timestamp"], GIVEN["nonce_str"], GIVEN["body"].encode())
    assert request_message(*parts).decode() == GIVEN["message"]


async def test_a_query_is_signed_with_its_parameters_and_an_empty_last_line() -> None:
    vector = VECTORS["request_sign.get_query"]
    request = httpx.Request("GET", "https://pay.test" + vector["inputs"]["message"].split("\n")[1])

    await signer().sign_request(request)

    assert f'signature="{vector["expected"]["signature"]}"' in request.headers["authorization"]


async def test_a_payment_is_signed_as_published() -> None:
    vector = VECTORS["paySign.miniprogram"]
    inputs = vector["inputs"]

    params = await signer().sign_payment(inputs["appId"], inputs["package"].removeprefix("prepay_id="))

    assert params.pay_sign == vector["expected"]["paySign"]
    assert (params.time_stamp, params.nonce_str) == (inputs["timeStamp"], inputs["nonceStr"])
    assert (params.package, params.sign_type) == (inputs["package"], inputs["signType"])
    message = payment_message(inputs["appId"], inputs["timeStamp"], inputs["nonceStr"], inputs["package"])
    assert message.decode() == inputs["message"]


def test_a_nonce_has_32_characters_and_comes_once() -> None:
    nonces = {random_nonce() for _ in range(100)}

    assert len(nonces) == 100
    assert {len(nonce) for nonce in nonces} == {32}


def test_what_an_app_signs_is_another_signature() -> None:
    vector = VECTORS["sign.app_negative_control"]

    assert sign(MERCHANT.private_key, vector["inputs"]["message"].encode()) == vector["expected"]["sign"]
    assert vector["expected"]["sign"] != VECTORS["paySign.miniprogram"]["expected"]["paySign"]


def test_the_signature_of_the_go_library_verifies() -> None:
    key = key_of(VECTORS["go.certificates_download"]["expected"]["certificate_pem"])
    vector = VECTORS["go.sign_source"]

    assert is_signed(key, vector["expected"]["signature"], vector["inputs"]["message"].encode())
    assert not is_signed(key, vector["expected"]["signature"], b"Source")


@pytest.mark.parametrize("name", ["java.aesgcm_message", "go.aesgcm_hello"])
def test_the_libraries_sealed_texts_open(name: str) -> None:
    inputs = VECTORS[name]["inputs"]
    parts = [inputs["nonce"].encode(), inputs["associated_data"].encode(), base64.b64decode(inputs["ciphertext"])]

    assert decrypt(inputs["api_v3_key"].encode(), *parts) == VECTORS[name]["expected"]["plaintext"].encode()
    assert decrypt(b"x" * 32, *parts) is None
    sealed = {**inputs, "algorithm": "AEAD_AES_256_GCM"}
    assert open_sealed(sealed, ["x" * 32, inputs["api_v3_key"]]) == VECTORS[name]["expected"]["plaintext"].encode()


def test_the_go_librarys_certificates_are_read() -> None:
    vector = VECTORS["go.certificates_download"]
    body, keys = vector["inputs"]["response_body"].encode(), [vector["inputs"]["api_v3_key"]]

    found = read_certificates(body, keys, datetime(2026, 1, 1, tzinfo=UTC))

    assert [certificate.serial for certificate in found] == [vector["expected"]["serial_no"]]
    assert found[0].begins == datetime(2021, 4, 27, 8, 55, 23, tzinfo=UTC)
    assert found[0].key.public_numbers() == key_of(vector["expected"]["certificate_pem"]).public_numbers()
    # A day after its end it is left out.
    assert len(read_certificates(body, keys, found[0].ends + timedelta(hours=23))) == 1
    assert read_certificates(body, keys, found[0].ends + timedelta(hours=24)) == []


def test_the_java_librarys_public_key_is_that_of_its_certificate() -> None:
    public = load_pem_public_key(JAVA_KEYS["inputs"]["wechatpay_public_key_pem"].encode())

    assert public == key_of(JAVA_KEYS["inputs"]["wechatpay_certificate_pem"])


async def test_the_payment_notice_is_opened() -> None:
    notice = reader().open(NOTICE["inputs"]["headers"], NOTICE["inputs"]["raw_body"].encode())

    assert (notice.id, notice.event_type, notice.original_type) == (
        "EV-2018022511223320873",
        "TRANSACTION.SUCCESS",
        "transaction",
    )
    assert notice.created == datetime(2018, 6, 8, 2, 34, 57, tzinfo=UTC)
    assert notice.content == Transaction(
        mchid="1230000109",
        appid="wxd678efh567hg6787",
        out_trade_no="1217752501201407033233368018",
        transaction_id="1217752501201407033233368018",
        trade_state="SUCCESS",
        openid="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        total=100,
        currency="CNY",
        success_time=datetime(2018, 6, 8, 2, 34, 56, tzinfo=UTC),
    )


HEADERS = NOTICE["inputs"]["headers"]
BODY = NOTICE["inputs"]["raw_body"].encode()
SIGNTEST = VECTORS["synthetic.signtest_negative"]["inputs"]


@pytest.mark.parametrize(
    ("notices", "headers", "body", "kind"),
    [
        pytest.param(
            reader(),
            HEADERS,
            VECTORS["synthetic.notify.reserialised_negative"]["inputs"]["raw_body"].encode(),
            NoticeForged,
            id="written again",
        ),
        pytest.param(reader(), SIGNTEST["headers"], SIGNTEST["raw_body"].encode(), NoticeForged, id="WeChat's probe"),
        pytest.param(reader(NOTICED_AT + timedelta(seconds=300)), HEADERS, BODY, NoticeStale, id="300 s ago"),
        pytest.param(reader(NOTICED_AT - timedelta(seconds=300)), HEADERS, BODY, NoticeStale, id="in 300 s"),
        pytest.param(reader(serial="PUB_KEY_ID_1"), HEADERS, BODY, UnknownSerial, id="another key"),
        pytest.param(reader(), {}, BODY, NoticeHeadersMissing, id="no headers"),
    ],
)
async def test_the_payment_notice_altered_is_refused(
    notices: NoticeReader, headers: dict[str, str], body: bytes, kind: type[NoticeRefused]
) -> None:
    with pytest.raises(NoticeRefused) as raised:
        notices.open(headers, body)

    assert type(raised.value) is kind
