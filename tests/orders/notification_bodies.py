"""Notifications that anybody can write: with headers that look signed, and half sent."""

import time

Headers = tuple[tuple[str, str], ...]

PLAIN: Headers = (("Content-Type", "application/json"),)


def signed_lookalike(seconds_ago: int = 0) -> Headers:
    """Headers that anybody can write."""
    forged = (("Nonce", "n"), ("Signature", "c2lnbmVk"), ("Serial", "PUB_KEY_ID_0"))
    given = (("Timestamp", str(int(time.time()) - seconds_ago)), *forged)
    return (*PLAIN, *((f"Wechatpay-{name}", text) for name, text in given))


def half_sent(headers: Headers) -> bytes:
    """A notification of which the second half never comes."""
    head = "".join(f"{name}: {text}\r\n" for name, text in headers)
    first = "POST /wechat/pay/notify HTTP/1.1\r\nHost: appletql.test\r\nContent-Length: 100\r\n"
    return f"{first}{head}\r\nhalf".encode()
