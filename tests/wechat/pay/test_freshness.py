"""Platform certificates are fetched again whatever went wrong with the last download."""

import asyncio
import itertools
import logging

import pytest

from server import certificates
from server.certificates import fresh_certificates
from tests.wechat.pay.fake_pay import FakePay, open_pay

pytestmark = pytest.mark.anyio


async def test_an_error_of_any_kind_is_told_and_the_next_minute_tries_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    caplog.set_level(logging.WARNING, logger="server.certificates")
    monkeypatch.setattr(certificates, "_LOOK_EVERY", 0.01)
    minutes = itertools.count(1000.0, 61.0)
    fake = FakePay([RuntimeError("a secret")])
    # when
    async with (
        open_pay(fake, with_public_key=False, monotonic=lambda: next(minutes)) as pay,
        fresh_certificates(pay),
        asyncio.timeout(10),
    ):
        while len(fake.requests) < 3:  # noqa: ASYNC110  (the fake tells nobody)
            await asyncio.sleep(0.01)
    # then
    told = [record for record in caplog.records if record.name == "server.certificates"]
    assert {(vars(record)["kind"], record.exc_info) for record in told} == {("RuntimeError", None)}
    assert len(told) >= 2
    assert "a secret" not in caplog.text
