"""One user cannot spend the content checks of the whole mini program."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.problems import RateLimited
from services.check_allowance import MOST_PER_HOUR, MOST_USERS, CheckAllowance
from tests.accounts.operations import UPDATE_PROFILE, me
from tests.sharing.cards import CREATE, PAGE, made
from tests.world import World, error_codes, gather

pytestmark = pytest.mark.anyio
CHECK = "/wxa/msg_sec_check"
RISKY = "违禁"


async def test_refused_texts_count_and_then_wechat_is_not_asked(world: World) -> None:
    token, other = [(await world.sign_in())["token"] for _ in range(2)]
    before = await world.calls(CHECK)

    cards = [{"input": {"page": PAGE, "title": f"{RISKY} {number}"}} for number in range(MOST_PER_HOUR + 5)]
    answers = await gather([world.ask(CREATE, token, card) for card in cards], at_once=5)
    nickname = await world.ask(UPDATE_PROFILE, token, {"input": {"fields": {"nickname": "somebody"}}})

    limited = [answer for answer in [*answers, nickname] if error_codes(answer) == ["RATE_LIMITED"]]
    assert await world.calls(CHECK) - before == MOST_PER_HOUR
    assert len(limited) == 6
    assert nickname in limited
    assert all(3500 < answer["errors"][0]["extensions"]["retryAfter"] <= 3600 for answer in limited)
    assert (await me(world, token))["nickname"] is None
    await made(world, other)

    await world.advance(3601)
    await made(world, token)


class Time:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_an_hour_begins_with_the_first_check() -> None:
    time = Time()
    allowance = CheckAllowance(time)
    for _ in range(MOST_PER_HOUR):
        allowance.spend("one")
        time.now += timedelta(seconds=30)

    with pytest.raises(RateLimited) as refused:
        allowance.spend("one")
    allowance.spend("two")
    time.now += timedelta(seconds=refused.value.retry_after)
    allowance.spend("one")

    assert refused.value.retry_after == 3600 - 30 * MOST_PER_HOUR


def test_the_memory_of_users_is_bounded() -> None:
    allowance = CheckAllowance(Time())

    for number in range(MOST_USERS + 500):
        allowance.spend(str(number))

    assert len(allowance._spent) <= MOST_USERS + 1


def test_an_hour_that_begins_in_the_future_is_forgotten() -> None:
    time = Time()
    allowance = CheckAllowance(time)
    for _ in range(MOST_PER_HOUR):
        allowance.spend("one")

    time.now -= timedelta(days=1)

    allowance.spend("one")
