"""Calls behind an access_token: a refused token is replaced once, and nothing else is repeated."""

import asyncio
import json

import httpx
import pytest

from tests.wechat.scripted import APP, SECOND_TOKEN, TOKEN, Reply, Script, open_wechat, refusal, token_answer
from wechat import errors
from wechat.access_token import PATH as STABLE_TOKEN
from wechat.bulkhead import CALLS

pytestmark = pytest.mark.anyio

PATH = "/wxa/some_check"
GOOD = {"errcode": 0, "errmsg": "ok", "result": 1}
TWO_TOKENS: list[Reply] = [token_answer(), token_answer(SECOND_TOKEN)]


async def test_the_token_is_in_the_query_and_the_body_is_real_utf_8() -> None:
    script = Script({PATH: [GOOD]})
    async with open_wechat(script) as wechat:
        content = await wechat.business.post(APP, PATH, {"content": "特3456书yuuo 🀄", "version": 2})

    assert content == GOOD
    request = script.last(PATH)
    assert request.url.params["access_token"] == TOKEN
    assert request.headers["content-type"] == "application/json"
    assert request.content == '{"content":"特3456书yuuo 🀄","version":2}'.encode()


async def test_parameters_are_encoded_and_the_token_is_one_of_them() -> None:
    script = Script({PATH: [GOOD]})
    async with open_wechat(script) as wechat:
        await wechat.business.get(APP, PATH, {"openid": "a+b/c=&d"})

    assert dict(script.last(PATH).url.params) == {"access_token": TOKEN, "openid": "a+b/c=&d"}


@pytest.mark.parametrize("errcode", [40001, 40014, 42001, 41001])
async def test_a_refused_token_is_replaced_once(errcode: int) -> None:
    script = Script({STABLE_TOKEN: [*TWO_TOKENS], PATH: [refusal(errcode), GOOD]})
    async with open_wechat(script) as wechat:
        content = await wechat.business.post(APP, PATH, {"a": 1})

    assert content == GOOD
    assert (script.count(PATH), script.count(STABLE_TOKEN)) == (2, 2)
    calls = [request for request in script.requests if request.url.path == PATH]
    assert [call.url.params["access_token"] for call in calls] == [TOKEN, SECOND_TOKEN]
    assert calls[0].content == calls[1].content
    bodies = [json.loads(request.content) for request in script.requests if request.url.path == STABLE_TOKEN]
    assert [body["force_refresh"] for body in bodies] == [False, False]


async def test_a_token_that_is_refused_twice_is_an_error() -> None:
    script = Script({STABLE_TOKEN: [*TWO_TOKENS], PATH: [refusal(40001)]})
    async with open_wechat(script) as wechat:
        with pytest.raises(errors.AccessTokenRefused) as raised:
            await wechat.business.get(APP, PATH, {})

    assert raised.value.__context__ is None
    assert (script.count(PATH), script.count(STABLE_TOKEN)) == (2, 2)


async def test_a_hundred_calls_whose_token_is_refused_share_the_new_one() -> None:
    # Given that WeChat takes the second token alone
    gate = asyncio.Event()

    class Strict(Script):
        async def __call__(self, request: httpx.Request) -> httpx.Response:
            answer = await super().__call__(request)
            if request.url.path != PATH:
                return answer
            if self.count(PATH) == CALLS:
                gate.set()
            await gate.wait()
            good = request.url.params["access_token"] == SECOND_TOKEN
            return httpx.Response(200, json=GOOD if good else refusal(42001))

    script = Strict({STABLE_TOKEN: [*TWO_TOKENS], PATH: [GOOD]})
    async with open_wechat(script) as wechat:
        # When a hundred calls all hold the first, as many under way as may be
        contents = await asyncio.gather(*(wechat.business.get(APP, PATH, {}) for _ in range(100)))

    # Then each is repeated once, with one more token request between them
    assert contents == [GOOD] * 100
    assert (script.count(PATH), script.count(STABLE_TOKEN)) == (200, 2)


async def test_a_storm_of_refused_tokens_has_a_brake() -> None:
    # Given that WeChat refuses every token, and stable_token gives the same one out again
    script = Script({STABLE_TOKEN: [token_answer(TOKEN)], PATH: [refusal(40001)]})
    async with open_wechat(script) as wechat:
        # When the first call was repaired in vain, and twenty more follow
        for _ in range(21):
            with pytest.raises(errors.AccessTokenRefused):
                await wechat.business.get(APP, PATH, {})

    # Then only the first one reached WeChat
    assert (script.count(PATH), script.count(STABLE_TOKEN)) == (2, 2)


async def test_a_wrong_secret_is_not_asked_for_in_a_loop() -> None:
    script = Script({STABLE_TOKEN: [refusal(40125)], PATH: [GOOD]})
    async with open_wechat(script) as wechat:
        outcomes = await asyncio.gather(
            *(wechat.business.get(APP, PATH, {}) for _ in range(50)), return_exceptions=True
        )
        for _ in range(50):
            with pytest.raises(errors.Misconfigured):
                await wechat.business.get(APP, PATH, {})

    assert {type(outcome) for outcome in outcomes} == {errors.Misconfigured}
    assert (script.count(PATH), script.count(STABLE_TOKEN)) == (0, 1)


async def test_a_secret_that_turns_out_wrong_at_the_repair_ends_it() -> None:
    script = Script({STABLE_TOKEN: [token_answer(), refusal(40125)], PATH: [refusal(40001)]})
    async with open_wechat(script) as wechat:
        for _ in range(3):
            with pytest.raises(errors.Misconfigured):
                await wechat.business.get(APP, PATH, {})

    assert (script.count(PATH), script.count(STABLE_TOKEN)) == (1, 2)


@pytest.mark.parametrize(
    "reply",
    [
        *(refusal(errcode) for errcode in (-1, 45009, 45011, 44990, 44991, 40003, 47001, 48001, 87009, 99999)),
        *(httpx.ReadTimeout("late"), httpx.RemoteProtocolError("gone"), httpx.ConnectError("away"), b"", b"[]"),
        *(httpx.Response(500), httpx.Response(429), httpx.Response(302, headers={"location": "/elsewhere"})),
    ],
    ids=str,
)
async def test_nothing_else_is_repeated(reply: Reply) -> None:
    script = Script({PATH: [reply]})
    async with open_wechat(script) as wechat:
        with pytest.raises(errors.WeChatError):
            await wechat.business.post(APP, PATH, {})

        # And the token is still thought good
        assert await wechat.access_tokens.get(APP) == TOKEN
    assert (script.count(PATH), script.count(STABLE_TOKEN)) == (1, 1)


@pytest.mark.parametrize(
    "body", [{"content": "\ud800"}, {"value": float("nan")}, {"value": object()}], ids=["surrogate", "nan", "object"]
)
async def test_a_body_that_is_no_json_is_not_sent(body: dict[str, object]) -> None:
    script = Script({PATH: [GOOD]})
    async with open_wechat(script) as wechat:
        with pytest.raises(errors.CallerBug) as raised:
            await wechat.business.post(APP, PATH, body)

    assert raised.value.__context__ is None
    assert script.count(PATH) == 0


@pytest.mark.parametrize("openid", ["\ud800", "a" * 70_000], ids=len)
async def test_a_parameter_that_fits_no_address_is_not_sent(openid: str) -> None:
    script = Script({PATH: [GOOD]})
    async with open_wechat(script) as wechat:
        with pytest.raises(errors.CallerBug):
            await wechat.business.get(APP, PATH, {"openid": openid})

    assert script.count(PATH) == 0
