"""News of payments in any order, any number of times, ends where WeChat's own books are."""

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from domain.incidents import IncidentKind
from domain.orders import HAS_MONEY, OrderStatus, may_move
from domain.payments import (
    Decision,
    Expected,
    OrderFacts,
    PaymentKind,
    Reported,
    Step,
    decide,
    is_closed,
    is_paid,
)

EXPECTED = Expected(mchid="1900000001", appid="wx1", payer="payer", total=1250)
GOOD = Reported("SUCCESS", "1900000001", "wx1", "payer", 1250, "CNY", "t0")
What = dict[str, str | int | None]
DIFFERENT: tuple[What, ...] = (
    {"total": 1},
    {"total": 1251},
    {"total": None},
    {"currency": "USD"},
    {"currency": None},
    {"payer": "another"},
    {"payer": None},
)
FOREIGN: tuple[What, ...] = (
    {"mchid": "1900000002"},
    {"mchid": None},
    {"appid": "wx2"},
    {"appid": None},
    {"transaction_id": None},
    {"transaction_id": ""},
)


def changed(news: Reported, what: What) -> Reported:
    return Reported(**(vars(news) | what))


words = st.sampled_from(("SUCCESS", "REFUND"))
good = st.builds(
    lambda number, word: replace(GOOD, transaction_id=f"t{number}", trade_state=word), st.integers(0, 3), words
)
different = st.builds(
    lambda number, word, what: changed(replace(GOOD, transaction_id=f"d{number}", trade_state=word), what),
    st.integers(0, 1),
    words,
    st.sampled_from(DIFFERENT),
)
foreign = st.builds(lambda word, what: changed(replace(GOOD, trade_state=word), what), words, st.sampled_from(FOREIGN))
unpaid = st.sampled_from(("NOTPAY", "USERPAYING", "PAYERROR", "ACCEPT", "", "success", "SOMETHING_NEW")).map(
    lambda word: Reported(word, "1900000001", "wx1", None, None, None, None)
)
closed = st.sampled_from(("CLOSED", "REVOKED")).map(
    lambda word: Reported(word, "1900000001", "wx1", None, None, None, None)
)
anything = st.one_of(good, good, different, foreign, unpaid, closed)


@dataclass
class Books:
    """An order as the services keep it: what `decide` says is done, and nothing else."""

    status: OrderStatus = OrderStatus.PENDING
    is_held: bool = False
    payments: dict[str, PaymentKind] = field(default_factory=dict)
    owed: set[str] = field(default_factory=set)
    incidents: set[tuple[IncidentKind, str]] = field(default_factory=set)

    def facts(self) -> OrderFacts:
        return OrderFacts(
            status=self.status,
            is_held=self.is_held,
            booked=dict.fromkeys(self.payments, EXPECTED.total),
            has_refunds=False,
        )

    def hear(self, news: Reported) -> Decision:
        decision = decide(self.facts(), EXPECTED, news)
        number = news.transaction_id or ""
        if decision.incident is not None:
            self.incidents.add((decision.incident, number))
        if decision.step is Step.HOLD:
            self.is_held |= self.status is OrderStatus.PENDING
        elif decision.step is Step.CLOSE:
            self._move(OrderStatus.CLOSED)
        elif decision.step is Step.PAY:
            self._move(OrderStatus.PAID)
            self._book(number, decision.kind)
        elif decision.step is Step.BOOK_AND_REFUND:
            self._book(number, decision.kind)
            self.owed.add(number)
        return decision

    def _move(self, after: OrderStatus) -> None:
        assert may_move(self.status, after)
        self.status = after

    def _book(self, number: str, kind: PaymentKind) -> None:
        assert number not in self.payments
        self.payments[number] = kind

    @property
    def kept(self) -> int:
        """Fen that stay here once every system refund is made."""
        return EXPECTED.total * (len(self.payments) - len(self.owed))


def told(news: list[Reported]) -> Books:
    books = Books()
    for each in news:
        books.hear(each)
    return books


@st.composite
def retold(draw: st.DrawFn, news: st.SearchStrategy[Reported]) -> tuple[list[Reported], list[Reported]]:
    """Some news, and the same once more: shuffled, repeated, each at least once."""
    first = draw(st.lists(news, max_size=8))
    again = draw(st.lists(st.sampled_from(first), max_size=8)) if first else []
    return first, draw(st.permutations([*first, *again]))


@given(st.lists(anything, max_size=12), anything)
def test_a_decision_hangs_on_nothing_but_what_is_known(before: list[Reported], news: Reported) -> None:
    facts = told(before).facts()
    assert decide(facts, EXPECTED, news) == decide(facts, EXPECTED, news)


@given(st.lists(anything, max_size=12), anything)
def test_the_same_news_twice_does_nothing_the_second_time(before: list[Reported], news: Reported) -> None:
    books = told([*before, news])
    once = (books.facts(), dict(books.payments), set(books.owed), set(books.incidents))
    assert books.hear(news).step in (Step.NOTHING, Step.HOLD, Step.REFUSE)
    assert (books.facts(), books.payments, books.owed, books.incidents) == once


@given(retold(st.one_of(good, unpaid)))
def test_payments_that_fit_are_all_booked_and_one_is_kept_in_any_order(
    stories: tuple[list[Reported], list[Reported]],
) -> None:
    truth = {news.transaction_id for news in stories[0] if is_paid(news.trade_state)}
    for story in stories:
        books = told(story)
        assert books.payments.keys() == truth
        assert books.status is (OrderStatus.PAID if truth else OrderStatus.PENDING)
        assert books.kept == (EXPECTED.total if truth else 0)
        assert sorted(books.payments.values()) == sorted(
            [PaymentKind.ORDER, *[PaymentKind.DOUBLE] * (len(truth) - 1)] if truth else []
        )


@given(st.lists(good, max_size=6), st.lists(st.one_of(good, closed), max_size=6))
def test_money_for_a_closed_order_goes_back_and_revives_nothing(early: list[Reported], late: list[Reported]) -> None:
    close = replace(GOOD, trade_state="CLOSED", transaction_id=None)
    books = told([*early, close, *late])
    truth = {news.transaction_id for news in [*early, *late] if is_paid(news.trade_state)}
    assert books.payments.keys() == truth
    assert books.status is (OrderStatus.PAID if early else OrderStatus.CLOSED)
    assert books.kept == (EXPECTED.total if early else 0)
    assert PaymentKind.LATE not in books.payments.values() or not early


@given(st.lists(anything, max_size=14))
def test_no_money_passes_unnoticed_and_none_is_made_up(story: list[Reported]) -> None:
    books = told(story)
    ours = [it for it in story if is_paid(it.trade_state) and (it.mchid, it.appid) == (EXPECTED.mchid, EXPECTED.appid)]
    heard = {it.transaction_id for it in ours if it.transaction_id}
    reported = {number for _, number in books.incidents}
    assert heard == books.payments.keys() | reported
    assert all(number.startswith("t") for number in books.payments)
    main = [number for number, kind in books.payments.items() if kind is PaymentKind.ORDER]
    assert len(main) == (books.status in HAS_MONEY)
    assert books.owed == books.payments.keys() - set(main)
    assert not (books.is_held and books.status is not OrderStatus.PENDING)


@given(st.lists(anything, max_size=8), foreign)
def test_news_of_another_merchant_or_mini_program_changes_nothing(before: list[Reported], news: Reported) -> None:
    books = told(before)
    facts = books.facts()
    assert books.hear(news) == Decision(Step.REFUSE)
    assert books.facts() == facts


@given(st.lists(anything, max_size=8), different)
def test_a_payment_that_differs_is_never_booked(before: list[Reported], news: Reported) -> None:
    books = told(before)
    payments = dict(books.payments)
    assert books.hear(news) == Decision(Step.HOLD, IncidentKind.PAYMENT_DIFFERS)
    assert books.payments == payments
    assert books.is_held == (books.status is OrderStatus.PENDING)
    assert (IncidentKind.PAYMENT_DIFFERS, news.transaction_id) in books.incidents


@given(st.lists(anything, max_size=8))
def test_a_held_order_waits_for_the_operator_whatever_comes(later: list[Reported]) -> None:
    books = Books(is_held=True)
    for news in later:
        decision = books.hear(news)
        assert decision.step not in (Step.PAY, Step.CLOSE, Step.BOOK_AND_REFUND)
    assert (books.status, books.is_held, books.payments) == (OrderStatus.PENDING, True, {})


@given(st.text(max_size=12))
def test_only_wechats_own_words_say_paid_or_closed(word: str) -> None:
    assert is_paid(word) == (word in {"SUCCESS", "REFUND"})
    assert is_closed(word) == (word in {"CLOSED", "REVOKED"})


def test_other_news_of_a_booked_transaction_is_told_and_changes_nothing() -> None:
    books = Books(status=OrderStatus.PAID, payments={"t1": PaymentKind.ORDER})
    news = Reported("SUCCESS", EXPECTED.mchid, EXPECTED.appid, EXPECTED.payer, EXPECTED.total + 1, "CNY", "t1")

    assert decide(books.facts(), EXPECTED, news) == Decision(Step.NOTHING, IncidentKind.PAYMENT_DIFFERS)
