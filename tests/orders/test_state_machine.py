"""Any sequence of what can happen to an order ends with this server's books equal to WeChat's.

`APPLETQL_SEQUENCES` says how many sequences are tried on each database, `APPLETQL_SEED` which ones. A failure prints
the steps, as short as they could be made, and what reproduces them.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from tests.databases import Databases
from tests.orders.books import Auditor, assert_agreed
from tests.orders.steps import (
    Advance,
    AtOnce,
    Cancel,
    ConsoleRefund,
    Create,
    Deliver,
    Fault,
    LatePayment,
    Notices,
    Pay,
    Phone,
    Play,
    Refund,
    Step,
    Sync,
    held_notifications,
)
from tests.shop import CLOSE_PATH, PREPAY_PATH, QUERY_PATH, REFUND_PATH, REFUND_QUERY_PATH, Shop, open_shop

SEQUENCES = int(os.environ.get("APPLETQL_SEQUENCES", "50"))
SEED = int(os.environ.get("APPLETQL_SEED", "20"))
PER_SHOP = 250
"""A shop is opened anew after so many sequences: the sandbox looks through everything it remembers."""

_UNKNOWN = ("reset", "reset-after", "http:500", "http:502", "code:FREQUENCY_LIMITED", "garbage", "bad-signature")
_ON_PATH: dict[str, tuple[str, ...]] = {
    PREPAY_PATH: ("code:PARAM_ERROR", "code:ACCOUNT_ERROR"),
    QUERY_PATH: ("code:SYSTEM_ERROR",),
    CLOSE_PATH: ("code:USERPAYING",),
    REFUND_PATH: ("code:INVALID_REQUEST", "code:NOT_ENOUGH", "code:RESOURCE_NOT_EXISTS", "code:USER_ACCOUNT_ABNORMAL"),
    REFUND_QUERY_PATH: ("code:SYSTEM_ERROR",),
}
"""Nothing that would be a lie: WeChat refuses what it could refuse, and where it did something it says so or breaks."""

_slots = st.sampled_from((0, 0, 0, 0, 1))
_amounts = st.sampled_from((None, 1, 300, 1000, 2500))
_creates: st.SearchStrategy[Step] = st.builds(Create, _slots, st.integers(1, 3))
_pays: st.SearchStrategy[Step] = st.builds(Pay, _slots)
_phones: st.SearchStrategy[Step] = st.builds(Phone, _slots, st.sampled_from(("ok", "ok", "ok", "cancel", "paying")))
_syncs: st.SearchStrategy[Step] = st.builds(Sync, _slots)
_cancels: st.SearchStrategy[Step] = st.builds(Cancel, _slots)
_refunds: st.SearchStrategy[Step] = st.builds(Refund, _slots, st.integers(0, 2), _amounts)
_consoles: st.SearchStrategy[Step] = st.builds(ConsoleRefund, _slots, st.sampled_from((1, 400, 1000)))
_lates: st.SearchStrategy[Step] = st.builds(LatePayment, _slots)
_deliveries: st.SearchStrategy[Step] = st.just(Deliver())
_advances: st.SearchStrategy[Step] = st.builds(Advance, st.sampled_from((3, 20, 70, 70, 300, 1750, 1900, 7300)))
_modes = st.sampled_from(("normal", "drop", "duplicate", "reordered", "signtest"))
_notices: st.SearchStrategy[Step] = st.builds(Notices, _modes)

_USES = {
    PREPAY_PATH: st.one_of(_creates, _pays),
    QUERY_PATH: st.one_of(_syncs, _cancels),
    CLOSE_PATH: st.one_of(_cancels, _syncs),
    REFUND_PATH: st.one_of(_refunds, _refunds, _lates, _syncs),
    REFUND_QUERY_PATH: st.one_of(_refunds, _syncs, _deliveries),
}
_SINGLE = (
    *(_creates, _pays, _phones, _phones, _syncs, _syncs, _cancels, _refunds, _refunds),
    *(_consoles, _lates, _deliveries, _deliveries, _advances, _advances, _notices),
)
_single = st.one_of(*_SINGLE)
_together: st.SearchStrategy[Step] = st.lists(_single, min_size=2, max_size=3).map(lambda it: AtOnce(tuple(it)))


@st.composite
def _broken(draw: st.DrawFn) -> list[Step]:
    """Something that goes wrong, and somebody whom it hits; reads are tried twice within one call."""
    path = draw(st.sampled_from(sorted(_ON_PATH)))
    fault = draw(st.sampled_from((*_UNKNOWN, *_ON_PATH[path], "delay:0.02")))
    return [Fault(path, fault, draw(st.integers(1, 3))), draw(_USES[path])]


_CREATED: list[Step] = [Create(0, 3)]
_PAID: list[Step] = [*_CREATED, Phone(0, "ok"), Deliver()]
_REFUSED: list[Step] = [*_PAID, Fault(REFUND_PATH, "code:INVALID_REQUEST", 2), Refund(0, 0, 1000)]
_OPENINGS: tuple[list[Step], ...] = (
    [],
    _CREATED,
    [Fault(PREPAY_PATH, "reset", 1), *_CREATED],
    [Fault(PREPAY_PATH, "reset-after", 1), *_CREATED],
    [*_CREATED, Cancel(0), LatePayment(0)],
    [*_CREATED, *_PAID[1:2], Create(1, 1), Phone(1, "ok")],
    [*_CREATED, Notices("drop"), Phone(0, "ok"), Sync(0)],
    _PAID,
    [*_PAID, Refund(0, 0, 1000)],
    [*_PAID, Refund(0, 0, 1000), Advance(70), Refund(0, 1, 300)],
    [*_PAID, Fault(REFUND_PATH, "reset-after", 1), Refund(0, 0, 2500)],
    [*_PAID, Fault(REFUND_PATH, "code:NOT_ENOUGH", 1), Refund(0, 0, 2500)],
    _REFUSED,
    [*_REFUSED, Advance(70), Sync(0)],
    [*_PAID, ConsoleRefund(0, 1000)],
    [*_PAID, Notices("reordered"), ConsoleRefund(0, 1000), Refund(0, 0, 2500)],
    [*_PAID, LatePayment(0), Deliver()],
)
_parts = st.one_of(
    _single.map(lambda it: [it]), _single.map(lambda it: [it]), _broken(), _together.map(lambda it: [it])
)


@st.composite
def sequences(draw: st.DrawFn) -> list[Step]:
    """Steps that begin where something can happen."""
    opening = draw(st.sampled_from(_OPENINGS))
    parts = draw(st.lists(_parts, min_size=3, max_size=14))
    return [*opening, *(step for part in parts for step in part)]


class Stage:
    """A shop in an event loop that lasts longer than one sequence, opened again when it has seen many."""

    def __init__(self, runner: asyncio.Runner, databases: Databases) -> None:
        self._runner = runner
        self._databases = databases
        self._shop: asyncio.Future[Shop] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._enough: asyncio.Event | None = None
        self._seen = 0

    def play(self, steps: list[Step]) -> None:
        """One sequence by a new buyer, from its first step until both books are compared."""
        if self._seen % PER_SHOP == 0:
            self.close()
            self._runner.run(self._open())
        self._seen += 1
        self._runner.run(self._play(steps))

    def close(self) -> None:
        if self._serving is not None:
            self._runner.run(self._close(self._serving))
            self._serving = None

    async def _open(self) -> None:
        self._shop, self._enough = asyncio.get_running_loop().create_future(), asyncio.Event()
        self._serving = asyncio.create_task(self._serve(self._shop, self._enough))
        self._serving.add_done_callback(self._failed)
        await self._shop

    async def _serve(self, opened: "asyncio.Future[Shop]", enough: asyncio.Event) -> None:
        async with open_shop(self._databases.fresh()) as shop:
            opened.set_result(shop)
            await enough.wait()
            await shop.assert_sound()

    def _failed(self, serving: "asyncio.Task[None]") -> None:
        error = serving.exception()
        if error is not None and self._shop is not None and not self._shop.done():
            self._shop.set_exception(error)

    async def _close(self, serving: "asyncio.Task[None]") -> None:
        assert self._enough is not None
        self._enough.set()
        await serving

    async def _play(self, steps: list[Step]) -> None:
        assert self._shop is not None
        shop = self._shop.result()
        async with asyncio.timeout(60), held_notifications(shop):
            play = await Play.begin(shop, await shop.operator())
            auditor = Auditor(play)
            for step in steps:
                await play.do(step)
                await auditor.look()
            await play.settle()
            await auditor.look()
            await assert_agreed(play)


@contextmanager
def staged(databases: Databases) -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        stage = Stage(runner, databases)
        try:
            yield stage
        finally:
            stage.close()


def test_any_sequence_ends_with_both_books_equal(databases: Databases) -> None:
    with staged(databases) as stage:

        @seed(SEED)
        @settings(
            max_examples=SEQUENCES,
            deadline=None,
            print_blob=True,
            database=None,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(sequences())
        def every_sequence(steps: list[Step]) -> None:
            stage.play(steps)

        for opening in _OPENINGS:
            every_sequence = example(opening)(every_sequence)
        every_sequence()
