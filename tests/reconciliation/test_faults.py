"""What is planted into a bill is found, all of it and nothing else; it becomes incidents, once."""

import json
from collections import Counter
from typing import Any

import pytest

from models.ledger import LedgerEntry
from models.reconciliations import Reconciliation
from tests.reconciliation.bulk import Sold, sell
from tests.reconciliation.days import bill_incidents, next_morning, plant, reconcile, runs
from tests.shop import Shop

pytestmark = pytest.mark.anyio


def faults(sold: list[Sold], appid: str) -> list[tuple[dict[str, Any], str, str]]:
    """Each fault, the sort that must be found, and the number by which."""
    paid, back, ours = sold[5000:], sold[:1000], {"appid": appid}

    def of(each: Sold) -> dict[str, str]:
        return {"transactionId": each.transaction_id}

    def refund(each: Sold) -> dict[str, str]:
        return {"outRefundNo": each.out_refund_no}

    return [
        ({"fault": "drop", **of(paid[0])}, "payment only here", paid[0].transaction_id),
        ({"fault": "drop", **of(paid[1000])}, "payment only here", paid[1000].transaction_id),
        ({"fault": "drop", **of(paid[-1])}, "payment only here", paid[-1].transaction_id),
        ({"fault": "drop", **refund(back[0])}, "refund only here", back[0].out_refund_no),
        ({"fault": "drop", **refund(back[999])}, "refund only here", back[999].out_refund_no),
        ({"fault": "add", "transactionId": "4200F1", "outTradeNo": "F1", **ours}, "payment only there", "4200F1"),
        ({"fault": "add", "transactionId": "4200F2", "outTradeNo": "F2", **ours}, "payment only there", "4200F2"),
        (
            {"fault": "add", "transactionId": "4200F3", "outTradeNo": paid[7].number, "appid": "wx0"},
            "payment only there",
            "4200F3",
        ),
        (
            {"fault": "add", "transactionId": "4200F4", "outTradeNo": "F4", "outRefundNo": "RF4", **ours},
            "refund only there",
            "RF4",
        ),
        ({"fault": "amount", "amount": 1249, **of(paid[10])}, "payment amount", paid[10].transaction_id),
        ({"fault": "amount", "amount": 125000, **of(paid[11])}, "payment amount", paid[11].transaction_id),
        ({"fault": "amount", "amount": 0, **of(paid[12])}, "payment amount", paid[12].transaction_id),
        ({"fault": "amount", "amount": 401, **refund(back[20])}, "refund amount", back[20].out_refund_no),
        ({"fault": "amount", "amount": 40, **refund(back[21])}, "refund amount", back[21].out_refund_no),
        ({"fault": "state", "state": "REVOKED", **of(paid[30])}, "payment state", paid[30].transaction_id),
        ({"fault": "state", "state": "NEW", **of(paid[31])}, "payment state", paid[31].transaction_id),
        ({"fault": "state", "state": "FAIL", **refund(back[40])}, "refund state", back[40].out_refund_no),
        ({"fault": "appid", "appid": "wx1", **of(paid[50])}, "payment account", paid[50].transaction_id),
        ({"fault": "repeat", **of(paid[60])}, "repeated", paid[60].transaction_id),
    ]


async def test_twenty_faults_in_ten_thousand_rows_are_found_and_no_others(shop: Shop) -> None:
    # given: 9,000 payments and 1,000 refunds, nineteen faults in their bill and one in the ledger
    sold = await sell(shop, 9000, 1000)
    planted = faults(sold, shop.appids[0])
    unbooked = sold[8000].transaction_id

    async def lose_entry() -> int:
        return await LedgerEntry.filter(reference=f"pay:{unbooked}").delete()

    assert await shop.units.run(lose_entry) == 1
    await plant(shop, *(fault for fault, _, _ in planted))
    day = await next_morning(shop)
    # when
    run = await reconcile(shop, day)
    # then
    expected = sorted([*((sort, number) for _, sort, number in planted), ("payment ledger", unbooked)])
    found = sorted((each.sort.value, each.refund_number or each.transaction_id) for each in run.told)
    assert found == expected
    assert len(expected) == 20
    # three and two rows fewer, four more, and one twice
    assert (run.row.lines, run.row.repaired, run.row.alarms) == (10_000 - 5 + 4 + 1, 0, 20)
    incidents = await bill_incidents(shop)
    assert Counter(kind for kind, _, _ in incidents) == {"bill_only_there": 4, "bill_only_here": 5, "bill_differs": 11}
    report = json.loads(run.row.report)
    assert (sum(report["counts"].values()), len(report["differences"]), report["leftOut"]) == (20, 20, 0)

    # and again: no second incident, the same differences
    again = await reconcile(shop, day)
    assert (again.told, again.row.alarms) == (run.told, 20)
    assert await bill_incidents(shop) == incidents
    assert await runs(shop) == 2


async def test_what_is_told_says_both_sides(shop: Shop) -> None:
    sold = await sell(shop, 3, 1)
    await plant(
        shop,
        {"fault": "amount", "amount": 1, "transactionId": sold[2].transaction_id},
        {"fault": "state", "state": "FAIL", "outRefundNo": sold[0].out_refund_no},
        {"fault": "appid", "appid": "wx1", "transactionId": sold[1].transaction_id},
    )
    day = await next_morning(shop)

    run = await reconcile(shop, day)

    assert [each.to_json() for each in run.told] == [
        {
            "sort": "payment account",
            "transactionId": sold[1].transaction_id,
            "number": sold[1].number,
            "refundNumber": None,
            "there": "wx1",
            "here": shop.appids[0],
            "orderId": sold[1].order_id,
            "repaired": False,
        },
        {
            "sort": "payment amount",
            "transactionId": sold[2].transaction_id,
            "number": sold[2].number,
            "refundNumber": None,
            "there": "0.01",
            "here": "12.50",
            "orderId": sold[2].order_id,
            "repaired": False,
        },
        {
            "sort": "refund state",
            "transactionId": sold[0].transaction_id,
            "number": sold[0].number,
            "refundNumber": sold[0].out_refund_no,
            "there": "FAIL",
            "here": "SUCCESS",
            "orderId": sold[0].order_id,
            "repaired": False,
        },
    ]
    assert await bill_incidents(shop) == sorted(
        ("bill_differs", each.order_id or "", each.refund_number or each.transaction_id) for each in run.told
    )


async def test_more_than_a_thousand_alarms_are_one_more_incident(shop: Shop) -> None:
    sold = await sell(shop, 1200, 0)
    await plant(shop, *({"fault": "amount", "amount": 1, "transactionId": each.transaction_id} for each in sold))
    day = await next_morning(shop)

    run = await reconcile(shop, day)

    assert (run.row.alarms, len(run.told)) == (1200, 1200)
    incidents = await bill_incidents(shop)
    assert len(incidents) == 1001
    assert ("bill_differs", f"bill:{day.isoformat()}", "the rest") in incidents
    report = json.loads((await shop.read(lambda: Reconciliation.get(id=run.row.id))).report)
    assert (len(report["differences"]), report["leftOut"], report["counts"]) == (1000, 200, {"payment amount": 1200})


def added(count: int, **given: str) -> list[dict[str, Any]]:
    """Payments that nobody here knows of."""
    return [{"fault": "add", "transactionId": f"4300{it:024}", "outTradeNo": f"X{it}", **given} for it in range(count)]


async def test_rows_of_other_mini_programs_are_counted_and_no_alarms(shop: Shop) -> None:
    await sell(shop, 2, 1)
    refund = {"fault": "add", "transactionId": "4200Y", "outTradeNo": "Y", "outRefundNo": "RY"}
    repeated = {"fault": "repeat", "transactionId": added(1)[0]["transactionId"]}
    await plant(shop, *added(3), refund, repeated)
    day = await next_morning(shop)

    run = await reconcile(shop, day)

    assert (run.told, run.row.lines, run.row.alarms) == ([], 8, 0)
    report = json.loads(run.row.report)
    assert (report["foreign"], report["counts"], report["differences"]) == (5, {}, [])
    assert await bill_incidents(shop) == []


async def test_what_is_of_no_order_here_leaves_the_thousand_to_our_own(shop: Shop) -> None:
    # given: what is ours is found last
    sold = await sell(shop, 1, 0)
    ours = sold[0]
    drop = {"fault": "drop", "transactionId": ours.transaction_id}
    await plant(shop, *added(1100, appid=shop.appids[0]), drop)
    day = await next_morning(shop)
    # when
    run = await reconcile(shop, day)
    # then
    assert run.row.alarms == 1101
    incidents = await bill_incidents(shop)
    assert ("bill_only_here", ours.order_id, ours.transaction_id) in incidents
    assert ("bill_only_there", f"bill:{day.isoformat()}", "the rest") in incidents
    assert len(incidents) == 1002
    report = json.loads(run.row.report)
    assert (report["differences"][0]["orderId"], len(report["differences"]), report["leftOut"]) == (
        ours.order_id,
        1000,
        101,
    )
