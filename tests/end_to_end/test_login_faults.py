"""The fault table: everything that can go wrong between us and WeChat while somebody signs in."""

import time

import pytest

from sandbox.faults import FaultKind
from tests.world import World, rows

pytestmark = pytest.mark.anyio

UNAVAILABLE = ("WECHAT_UNAVAILABLE", "RETRY")
CODE_INVALID = ("LOGIN_CODE_INVALID", "FRESH_CODE")
REJECTED = ("WECHAT_REJECTED", "NONE")

FAULTS = {
    "errcode:-1": UNAVAILABLE,
    "errcode:45011": UNAVAILABLE,
    "errcode:45009": UNAVAILABLE,
    "errcode:40029": CODE_INVALID,
    "errcode:40163": CODE_INVALID,
    "errcode:40226": ("LOGIN_BLOCKED", "NONE"),
    "errcode:40013": REJECTED,
    "errcode:40125": REJECTED,
    "errcode:41002": REJECTED,
    "errcode:99999": REJECTED,
    "http:500": UNAVAILABLE,
    "http:502": UNAVAILABLE,
    "http:404": UNAVAILABLE,
    "http:302": UNAVAILABLE,
    "delay:4": UNAVAILABLE,
    "delay-before:4": UNAVAILABLE,
    "drip": UNAVAILABLE,
    "reset": UNAVAILABLE,
    "reset-after": UNAVAILABLE,
    "garbage": UNAVAILABLE,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_is_answered_in_time_and_writes_nothing(world: World, fault: str) -> None:
    openid = await world.person()
    code = await world.code(openid)
    await world.fault(fault)
    started = time.perf_counter()

    refused = await world.login(code)

    assert time.perf_counter() - started < 6
    assert refused["__typename"] == "WeChatProblem"
    assert (refused["code"], refused["recovery"]) == FAULTS[fault]
    assert await world.calls() == 1  # a code is never sent twice
    assert await rows(world) == (0, 0, 0)
    assert (await world.sign_in(openid))["isNewUser"] is True


async def test_reset_before_and_after_the_effect_are_the_same_to_the_client(world: World) -> None:
    """One of the two spent the code; nobody here can know which, so both ask for a fresh one."""
    answers = []
    for fault in ("reset", "reset-after"):
        code = await world.code()
        await world.fault(fault)
        answers.append(await world.login(code))
        answers.append(await world.login(code))

    assert [answer.get("errcode") for answer in answers] == [None, None, None, "40163"]
    assert [answer["__typename"] for answer in answers] == [
        "WeChatProblem",
        "LoginSuccess",
        "WeChatProblem",
        "WeChatProblem",
    ]
    assert answers[0] == answers[2]


async def test_the_table_has_every_kind_that_the_sandbox_allows_on_the_path(world: World) -> None:
    completed = {"errcode": "errcode:-1", "code": "code:SYSTEM_ERROR", "http": "http:500"}
    completed |= {"delay": "delay:1", "delay-before": "delay-before:1"}
    statuses = {}
    for kind in FaultKind:
        body = {"faults": [{"path": "/sns/jscode2session", "fault": completed.get(kind, kind.value)}]}
        statuses[kind.value] = (await world.control.put("/_sandbox/faults", json=body)).status_code

    tabled = {fault.partition(":")[0] for fault in FAULTS}
    assert statuses == {kind.value: 200 if kind in tabled else 400 for kind in FaultKind}
    assert {kind for kind in statuses if kind not in tabled} == {"code", "bad-signature", "signtest"}
