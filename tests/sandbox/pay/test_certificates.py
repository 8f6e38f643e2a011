"""Platform certificates: sealed for the merchant, rotated with an overlap, absent for those with a public key alone."""

import re

import pytest
from cryptography import x509

from tests.sandbox.pay.merchant_client import CERTIFICATES, MerchantClient
from tests.sandbox.wire import Wire

pytestmark = pytest.mark.anyio


async def test_a_certificate_is_sealed_with_the_apiv3_key(merchant: MerchantClient) -> None:
    (serial,) = merchant.merchant.certificates

    answer = merchant.verified(await merchant.call("GET", CERTIFICATES))

    assert list(answer) == ["data"]
    (entry,) = answer["data"]
    assert {name: entry[name] for name in entry if name != "encrypt_certificate"} == {
        "serial_no": serial,
        "effective_time": "2025-12-31T08:00:00+08:00",
        "expire_time": "2030-12-30T08:00:00+08:00",
    }
    sealed = entry["encrypt_certificate"]
    assert sealed["associated_data"] == "certificate"
    assert len(sealed["nonce"]) == 12
    certificate = merchant.opened(sealed)
    assert certificate.decode() == merchant.merchant.certificates[serial]
    assert f"{x509.load_pem_x509_certificate(certificate).serial_number:040X}" == serial


async def test_a_rotation_leaves_two_certificates_in_force(merchant: MerchantClient, wire: Wire) -> None:
    (old,) = merchant.merchant.certificates

    serials = (await wire.control("certificates/rotate"))["serials"]

    assert serials[0] == old
    # A zero in front is part of a serial.
    assert re.fullmatch(r"0[0-9A-F]{39}", serials[1])
    merchant.merchant = wire.server.wechat.pay.merchant
    answer = await merchant.call("GET", CERTIFICATES, serial=None)
    assert answer.headers["Wechatpay-Serial"] == serials[1]
    assert [entry["serial_no"] for entry in merchant.verified(answer)["data"]] == serials
    new = x509.load_pem_x509_certificate(merchant.merchant.certificates[serials[1]].encode())
    assert f"{new.serial_number:040X}" == serials[1]
    for serial in serials:
        signed = await merchant.call("GET", CERTIFICATES, serial=serial)
        assert merchant.verified(signed)
        assert signed.headers["Wechatpay-Serial"] == serial
    public = await merchant.call("GET", CERTIFICATES)
    assert public.headers["Wechatpay-Serial"] == merchant.merchant.public_key_id


async def test_the_second_rotation_ends_the_first_certificate(merchant: MerchantClient, wire: Wire) -> None:
    (first,) = merchant.merchant.certificates
    await wire.control("certificates/rotate")

    serials = (await wire.control("certificates/rotate"))["serials"]

    assert len(serials) == 2
    assert first not in serials
    merchant.refusal(await merchant.call("GET", CERTIFICATES, serial=first), 400, "INVALID_REQUEST")


async def test_reset_undoes_rotations_and_keeps_the_keys(merchant: MerchantClient, wire: Wire) -> None:
    await wire.control("certificates/rotate")

    await wire.control("reset")

    assert wire.server.wechat.pay.merchant == merchant.merchant
    merchant.verified(await merchant.call("GET", CERTIFICATES, serial=None))


async def test_a_merchant_with_a_public_key_alone(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    (serial,) = merchant.merchant.certificates
    await wire.control("switches", {"publicKeyOnly": True}, "PUT")

    merchant.refusal(await merchant.call("GET", CERTIFICATES), 404, "RESOURCE_NOT_EXISTS")
    merchant.refusal(await merchant.call("GET", CERTIFICATES, serial=serial), 400, "INVALID_REQUEST")
    order = merchant.order(openid)
    await merchant.prepay(order)
    target = f"/v3/pay/transactions/out-trade-no/{order['out_trade_no']}?mchid={merchant.merchant.mchid}"
    answer = await merchant.call("GET", target, serial=None)
    merchant.verified(answer)
    assert answer.headers["Wechatpay-Serial"] == merchant.merchant.public_key_id
