"""What WeChat Pay looks at before it looks at the business, and in which order."""

from typing import Any

import pytest

from tests.sandbox.pay.merchant_client import CERTIFICATES, JSAPI, REFUNDS, MerchantClient
from tests.sandbox.wire import START, Wire

pytestmark = pytest.mark.anyio

QUERY = "/v3/pay/transactions/out-trade-no/N00001"
MESSAGES = {
    "headers": "Http头缺少Accept或User-Agent",
    "syntax": "Http头Authorization值格式错误",
    "scheme": "Http头Authorization认证类型不正确",
    "age": "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
    "serial": "商户证书序列号有误",
    "signature": "签名信息错误",
}


async def test_each_check_comes_before_the_next(merchant: MerchantClient, wire: Wire) -> None:
    # Everything about this request is wrong; one fault after the other is mended.
    body = {"mchid": "1", "unknown": 1}
    old, foreign = str(merchant.now - 301), "1" * 40
    wrong = {"timestamp": old, "mchid": "1", "serial_no": foreign, "signature": "eA=="}

    async def answer(**mended: Any) -> Any:
        request = merchant.signed(merchant.request("POST", JSAPI, body), **{**wrong, **mended.get("values", {})})
        if not mended.get("agent"):
            request.headers["User-Agent"] = ""
        if not mended.get("syntax"):
            request.headers["Authorization"] = request.headers["Authorization"].replace('"', "'")
        return await merchant.send(request)

    def message(response: Any) -> str:
        return str(merchant.refusal(response, 401, "SIGN_ERROR")["message"])

    assert message(await answer()) == MESSAGES["headers"]
    assert message(await answer(agent=1)).startswith(MESSAGES["syntax"])
    assert message(await answer(agent=1, syntax=1)) == MESSAGES["age"]
    good: dict[str, str] = {"timestamp": str(merchant.now)}
    merchant.refusal(await answer(agent=1, syntax=1, values=good), 400, "MCH_NOT_EXISTS")
    good["mchid"] = merchant.merchant.mchid
    assert message(await answer(agent=1, syntax=1, values=good)).startswith(MESSAGES["serial"])
    good["serial_no"] = merchant.merchant.serial
    assert message(await answer(agent=1, syntax=1, values=good)).startswith(MESSAGES["signature"])
    refused = merchant.refusal(await merchant.call("POST", JSAPI, body), 400, "PARAM_ERROR")
    assert refused["detail"] == {"field": "/unknown", "value": 1, "issue": "未定义的参数", "location": "body"}
    assert (await wire.state())["orders"] == []


@pytest.mark.parametrize(
    ("target", "status", "code"), [(CERTIFICATES, 400, "INVALID_REQUEST"), (QUERY, 401, "SIGN_ERROR")]
)
@pytest.mark.parametrize("header", ["User-Agent", "Accept"])
async def test_a_header_is_missing(merchant: MerchantClient, target: str, status: int, code: str, header: str) -> None:
    request = merchant.signed(merchant.request("GET", target))
    del request.headers[header]

    assert merchant.refusal(await merchant.send(request), status, code)["message"] == MESSAGES["headers"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: "", "syntax"),
        (lambda header: header.replace("RSA2048", "SM2"), "scheme"),
        (lambda header: header.replace(" ", "  "), "syntax"),
        (lambda header: header.replace(",", ", "), "syntax"),
        (lambda header: header.replace('mchid="', 'mchid=" '), None),
        (lambda header: header.replace("nonce_str", "nonce"), "syntax"),
        (lambda header: header + ',mchid="1900005440"', "syntax"),
        (lambda header: header + ",", "syntax"),
        (lambda header: header.replace('timestamp="', 'timestamp="x'), "syntax"),
        (lambda header: header.replace('timestamp="', 'timestamp="00'), "signature"),
    ],
    ids=["none", "scheme", "two-blanks", "blank-after-comma", "mchid", "name", "twice", "comma", "text", "zeros"],
)
async def test_an_authorization_is_read_strictly(merchant: MerchantClient, change: Any, message: str | None) -> None:
    request = merchant.signed(merchant.request("GET", QUERY))
    request.headers["Authorization"] = change(request.headers["Authorization"])

    answer = await merchant.send(request)

    if message is None:
        merchant.refusal(answer, 400, "MCH_NOT_EXISTS")
    else:
        assert merchant.refusal(answer, 401, "SIGN_ERROR")["message"].startswith(MESSAGES[message])


async def test_the_order_of_the_values_is_free(merchant: MerchantClient) -> None:
    request = merchant.request("GET", CERTIFICATES)
    values = reversed(merchant.authorization(request).items())
    written = ",".join(f'{name}="{value}"' for name, value in values)
    request.headers["Authorization"] = f"WECHATPAY2-SHA256-RSA2048 {written}"

    merchant.verified(await merchant.send(request))


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-300, 200), (300, 200), (301, 401)])
async def test_a_request_is_good_for_five_minutes_of_real_time(
    merchant: MerchantClient, wire: Wire, seconds: int, status: int
) -> None:
    await wire.advance(86400)
    request = merchant.signed(merchant.request("GET", CERTIFICATES), timestamp=str(int(START) + seconds))

    assert (await merchant.send(request)).status_code == status


async def test_a_wrong_mchid_is_404_where_refunds_are(merchant: MerchantClient) -> None:
    request = merchant.signed(merchant.request("GET", f"{REFUNDS}/R1"), mchid="1900000001")

    merchant.refusal(await merchant.send(request), 404, "MCH_NOT_EXISTS")


async def test_a_serial_may_be_written_in_small_letters(merchant: MerchantClient) -> None:
    request = merchant.signed(merchant.request("GET", CERTIFICATES), serial_no=merchant.merchant.serial.lower())

    merchant.verified(await merchant.send(request))


@pytest.mark.parametrize("part", ["method", "query", "path", "body", "nonce_str"])
async def test_every_part_of_the_message_is_signed(merchant: MerchantClient, openid: str, part: str) -> None:
    order = merchant.order(openid)
    request = merchant.request("POST", JSAPI, order)
    if part == "query":
        merchant.signed(request)
        request.target += "?a=1"
    elif part == "path":
        request.target = "/v3/pay/transactions/native"
        merchant.signed(request)
        request.target = JSAPI
    elif part == "method":
        request.method = "post"
        merchant.signed(request)
        request.method = "POST"
    elif part == "body":
        merchant.signed(request)
        request.body += b" "
    else:
        merchant.signed(request)
        request.headers["Authorization"] = request.headers["Authorization"].replace('nonce_str="', 'nonce_str="0')

    answer = await merchant.send(request)

    assert merchant.refusal(answer, 401, "SIGN_ERROR")["message"].startswith(MESSAGES["signature"])
    merchant.refusal(await merchant.query(order["out_trade_no"]), 404, "ORDER_NOT_EXIST")


@pytest.mark.parametrize(
    "signature", ["", "x", "eA==", "eA ==", "!"], ids=["none", "half", "short", "blank", "no-base64"]
)
async def test_what_is_no_signature_is_refused(merchant: MerchantClient, signature: str) -> None:
    request = merchant.signed(merchant.request("GET", QUERY), signature=signature)

    merchant.refusal(await merchant.send(request), 401, "SIGN_ERROR")


async def test_the_path_is_signed_as_it_was_sent(merchant: MerchantClient, openid: str) -> None:
    order = merchant.order(openid, out_trade_no="N0000001|*")
    await merchant.prepay(order)
    sent, other = "/v3/pay/transactions/out-trade-no/N0000001%7C*", "/v3/pay/transactions/out-trade-no/N0000001|*"
    query = f"?mchid={merchant.merchant.mchid}"

    for target in (sent, other):
        assert merchant.verified(await merchant.call("GET", target + query))["out_trade_no"] == "N0000001|*"
    request = merchant.signed(merchant.request("GET", other + query))
    request.target = sent + query
    merchant.refusal(await merchant.send(request), 401, "SIGN_ERROR")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", JSAPI, 405),
        ("PUT", JSAPI, 405),
        ("POST", QUERY, 405),
        ("HEAD", QUERY, 405),
        ("GET", f"{QUERY}/close", 405),
        ("POST", f"{REFUNDS}/R1", 405),
        ("DELETE", REFUNDS, 405),
        ("POST", CERTIFICATES, 405),
        ("GET", "/v3/pay/transactions/unknown", 404),
        ("GET", "/v3/pay/transactions/out-trade-no/", 404),
        ("POST", f"{JSAPI}/", 404),
        ("GET", "/v3", 404),
    ],
)
async def test_a_wrong_method_and_an_unknown_path_have_empty_answers(
    merchant: MerchantClient, method: str, target: str, status: int
) -> None:
    answer = await merchant.call(method, target)

    assert answer.status_code == status
    assert answer.content == b""
    assert not [name for name in answer.headers if name.startswith("wechatpay-")]


@pytest.mark.parametrize("kind", ["public", "certificate", "small-letters", None])
async def test_an_answer_is_signed_by_the_key_that_the_request_names(
    merchant: MerchantClient, kind: str | None
) -> None:
    (certificate,) = merchant.merchant.certificates
    serial = {"certificate": certificate, "small-letters": certificate.lower()}.get(kind or "", kind)

    answer = await merchant.call("GET", CERTIFICATES, serial=serial)

    merchant.verified(answer)
    expected = merchant.merchant.public_key_id if kind == "public" else certificate
    assert answer.headers["Wechatpay-Serial"] == expected
    assert answer.headers["Wechatpay-Timestamp"] == str(int(START))
    assert answer.headers["Request-ID"].endswith("-0")


async def test_an_unknown_key_cannot_sign_an_answer(merchant: MerchantClient) -> None:
    answer = await merchant.call("GET", CERTIFICATES, serial="PUB_KEY_ID_1")

    merchant.refusal(answer, 400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 20_000, b'{"a": NaN}', b'{"a": "\\ud800"}'],
    ids=["none", "half", "list", "null", "bytes", "deep", "nan", "half-a-pair"],
)
async def test_what_is_no_object_is_refused(merchant: MerchantClient, body: bytes) -> None:
    merchant.refusal(await merchant.call("POST", JSAPI, body), 400, "PARAM_ERROR")


@pytest.mark.parametrize("content_type", [None, "text/plain"])
async def test_a_body_is_said_to_be_json(merchant: MerchantClient, openid: str, content_type: str | None) -> None:
    request = merchant.request("POST", JSAPI, merchant.order(openid))
    del request.headers["Content-Type"]
    if content_type is not None:
        request.headers["Content-Type"] = content_type

    merchant.refusal(await merchant.send(merchant.signed(request)), 400, "PARAM_ERROR")


@pytest.mark.parametrize("query", ["", "?mchid=", "?mchid=1900000001", "?mchid=1900005440&extra=1"])
async def test_a_query_names_the_merchant(merchant: MerchantClient, openid: str, query: str) -> None:
    order = merchant.order(openid)
    await merchant.prepay(order)
    target = f"/v3/pay/transactions/out-trade-no/{order['out_trade_no']}"

    refused = merchant.refusal(await merchant.call("GET", target + query), 400, "PARAM_ERROR")

    assert refused["detail"]["location"] == "query"
