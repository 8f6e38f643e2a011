"""Which address is asked first, by an injected clock."""

from tests.wechat.pay.fake_pay import Ticks
from wechat.pay.hosts import Hosts

MAIN, BACKUP = "https://main.test", "https://backup.test"


def test_one_address_has_no_other() -> None:
    hosts = Hosts(MAIN, None, monotonic=Ticks())
    hosts.answered(MAIN)

    assert hosts.are_one
    assert hosts.in_order() == (MAIN, None)


def test_after_the_backup_answered_it_is_asked_first_for_a_minute() -> None:
    ticks = Ticks()
    hosts = Hosts(MAIN, BACKUP, monotonic=ticks)
    assert not hosts.are_one
    assert hosts.in_order() == (MAIN, BACKUP)

    hosts.answered(BACKUP)
    ticks.now += 59.9
    hosts.answered(BACKUP)
    assert hosts.in_order() == (BACKUP, MAIN)

    # One call looks for the main one, the others stay for another minute
    ticks.now += 0.1
    assert [hosts.in_order() for _ in range(3)] == [(MAIN, BACKUP), (BACKUP, MAIN), (BACKUP, MAIN)]
    hosts.answered(BACKUP)
    ticks.now += 59.9
    assert hosts.in_order() == (BACKUP, MAIN)
    ticks.now += 0.1
    assert hosts.in_order() == (MAIN, BACKUP)

    hosts.answered(MAIN)
    assert hosts.in_order() == (MAIN, BACKUP)
