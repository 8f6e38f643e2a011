"""Sends the notifications that are due: several at once, and each again until it is acknowledged or given up.

https://pay.weixin.qq.com/doc/v3/merchant/4012075420
"""

import asyncio
import contextlib
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from sandbox.faults import NotificationMode
from sandbox.pay.notice_messages import Message, Seal, compose
from sandbox.pay.notice_xml import acknowledges
from sandbox.pay.notices import is_kept_back, let_go, signing_serial
from sandbox.pay.refunds import progress
from sandbox.pay.rows import Notification, NotificationAttempt
from sandbox.pay.sending_http import Courier, Reply, open_courier

if TYPE_CHECKING:
    from sandbox.offline_wechat import OfflineWeChat

RETRIES = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""Seconds of moved time from one attempt to the next; when the last of them failed, the notification is given up."""

_AT_ONCE = 20
_LONGEST_SLEEP = 1.0
_logger = logging.getLogger("sandbox")
_ACKNOWLEDGED = {HTTPStatus.OK, HTTPStatus.NO_CONTENT}


class Sender:
    """The background loop that delivers. `patience` is how many seconds a merchant's server may take to answer."""

    def __init__(self, wechat: "OfflineWeChat", *, patience: float = 5.0) -> None:
        self._wechat = wechat
        self._patience = patience
        self._awake = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[str, tuple[Notification, asyncio.Task[None]]] = {}
        self._running = asyncio.Event()
        self._courier: Courier | None = None

    def wake(self) -> None:
        """Something may be due."""
        self._awake.set()

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is broken off."""
        try:
            async with open_courier(self._patience) as self._courier:
                self._running.set()
                while True:
                    self._turn()
                    await self._sleep()
        finally:
            self._running.clear()
            self._courier = None
            await self._break_off()

    async def wait_idle(self, seconds: float) -> bool:
        """True once nothing is due or under way, False when that takes longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._running.wait()
                self._turn()
                while self._under_way:
                    await asyncio.wait([task for _, task in self._under_way.values()])
                    self._turn()
        except TimeoutError:
            return False
        return True

    async def post(self, url: str, message: Message) -> Reply:
        """Post once, outside of every queue; never raises for what the other side does."""
        if self._courier is None:
            return Reply(None, error="the sandbox does not send")
        return await self._courier.post(url, message)

    def _turn(self) -> None:
        progress(self._wechat)
        for notification, task in list(self._under_way.values()):
            if not self._exists(notification):
                task.cancel()
        now = self._wechat.clock.now()
        for each in list(self._wechat.state.notifications.values()):
            due = not each.done and each.due_at <= now and each.id not in self._under_way
            if due and not is_kept_back(self._wechat, each):
                self._start(each)

    def _start(self, notification: Notification) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(notification))
        self._under_way[notification.id] = (notification, task)
        task.add_done_callback(lambda _: self._end(notification, task))

    def _end(self, notification: Notification, task: asyncio.Task[None]) -> None:
        del self._under_way[notification.id]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Due as it is, it would fail again at once, and for ever.
            notification.done = True
            _logger.error("a notification cannot be made: %s", type(error).__name__)
        self.wake()

    async def _sleep(self) -> None:
        now = self._wechat.clock.now()
        pending = (each for each in self._wechat.state.notifications.values() if not each.done)
        waits = [each.due_at - now for each in pending if each.due_at > now]
        # Never for long: refunds come to their end without a word to the sender.
        with contextlib.suppress(TimeoutError):
            # Not wait_for: before Python 3.12 it forgets a cancellation that meets the wake-up.
            async with asyncio.timeout(min([_LONGEST_SLEEP, *waits])):
                await self._awake.wait()
        self._awake.clear()

    async def _deliver(self, notification: Notification) -> None:
        async with self._slots:
            at, mode = self._wechat.clock.now(), self._wechat.faults.notifications
            probe = mode is NotificationMode.SIGNTEST and not notification.attempts
            copies = 2 if mode is NotificationMode.DUPLICATE else 1
            replies = await asyncio.gather(*(self._attempt(notification, probe=probe) for _ in range(copies)))
            if self._exists(notification):
                _record(notification, at, replies)
                let_go(self._wechat, notification)
                self._wechat.changed()

    async def _attempt(self, notification: Notification, *, probe: bool) -> Reply:
        seal = Seal(signing_serial(self._wechat, len(notification.attempts)), probe=probe)
        return await self.post(notification.url, compose(self._wechat, notification, seal))

    def _exists(self, notification: Notification) -> bool:
        return self._wechat.state.notifications.get(notification.id) is notification

    async def _break_off(self) -> None:
        tasks = [task for _, task in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _record(notification: Notification, at: float, replies: list[Reply]) -> None:
    notification.attempts += [NotificationAttempt(at, reply.status, reply.error) for reply in replies]
    # Both copies of a duplicate begin at one time and are one try.
    tries = len({attempt.at for attempt in notification.attempts})
    if any(_acknowledges(notification, reply) for reply in replies) or tries > len(RETRIES):
        notification.done = True
    else:
        notification.due_at = at + RETRIES[tries - 1]


def _acknowledges(notification: Notification, reply: Reply) -> bool:
    return reply.status in _ACKNOWLEDGED and (not notification.xml or acknowledges(reply.body))
