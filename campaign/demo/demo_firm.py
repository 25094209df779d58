"""The demo firm: staff, products, clients and review tasks made from the simulator's cast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.clock import Clock, DemoClock
from models import Attempt, Campaign, Customer, Database, Product, ReviewTask, Staff, current_seal
from models.access import give_posts, posts_of
from rules import Post, ReviewType, TradingCalendar, UnknownYear, deadline_of
from rules.hours import SHANGHAI
from rules.people import Serving
from telephony.simulator.cast import Cast, Client
from telephony.simulator.cast import Product as CastProduct

CAMPAIGN_NAME = "演示回访方案"
BOT = "8001"
STAFF = (
    (BOT, "智能语音回访", "agent"),
    ("8002", "孙敏", "agent"),
    ("8003", "马跃", "agent"),
    ("8101", "周岚", "inspector"),
    ("8102", "冯雪", "inspector"),
    ("8201", "吴峰", "manager"),
    ("8202", "许宁", "manager"),
    ("8301", "郑凯", "operator"),
    ("8302", "韩冰", "operator"),
    ("8401", "何静", "trainer"),
    ("8402", "唐薇", "trainer"),
    ("6001", "赵立新", "broker"),
    ("6002", "钱晓东", "broker"),
)
BROKERS = {"6001": Serving.BROKER, "6002": Serving.ADVISER}
LEAVING = "6002"  # 拟离职
BRANCHES = ("上海浦东营业部", "北京朝阳营业部", "合肥庐阳营业部")
FIRST_CALL = time(9, 30)


def demo_clock(factor: float) -> Callable[[Database], Clock]:
    """A clock that begins on a weekday morning, later than everything that is in the database."""

    def make(database: Database) -> Clock:
        with database.read() as session:
            latest = session.scalar(select(func.max(Attempt.started_at)))
        begin = _morning(datetime.now(SHANGHAI).date())
        if latest is not None and latest >= begin:
            begin = _morning(latest.astimezone(SHANGHAI).date() + timedelta(days=1))
        return DemoClock(begin, factor)

    return make


def _morning(day: date) -> datetime:
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day, FIRST_CALL, SHANGHAI).astimezone(UTC)


def open_demo(session: Session, cast: Cast, now: datetime) -> Campaign:
    """The demo campaign that a killed process left unfinished, else a new one with a task for every client."""
    unfinished = session.scalars(
        select(Campaign)
        .join(ReviewTask, ReviewTask.campaign_id == Campaign.id)
        .where(Campaign.name.startswith(CAMPAIGN_NAME), ReviewTask.due_at.is_not(None))
        .order_by(Campaign.id.desc())
    ).first()
    return unfinished or _new_campaign(session, cast, now)


def _new_campaign(session: Session, cast: Cast, now: datetime) -> Campaign:
    staff = {number: _staff(session, number, name, post) for number, name, post in STAFF}
    no = (session.scalar(select(func.count(Campaign.id))) or 0) + 1
    campaign = Campaign(name=f"{CAMPAIGN_NAME}（第{no}批）", created_at=now)
    session.add(campaign)
    session.flush()
    for place, client in enumerate(cast.clients):
        customer = _customer(session, client, place, staff[list(BROKERS)[place % len(BROKERS)]])
        session.add_all(_tasks(session, campaign, client, customer, now))
    session.flush()
    return campaign


def demo_people() -> Mapping[Post, Mapping[str, str]]:
    """The names, by number, of who holds each post in the demo firm: two, since much has to be checked by another one.

    The bot's own number is nobody's.
    """
    return {post: {number: name for number, name, held in STAFF if held == post and number != BOT} for post in Post}


def demo_person(session: Session, number: str) -> Staff | None:
    """Somebody of the demo firm, made where the demo has not begun yet; None: it has no such person."""
    found = [(names[number], post) for post, names in demo_people().items() if number in names]
    return _staff(session, number, *found[0]) if found else None


def _staff(session: Session, number: str, name: str, post: str) -> Staff:
    known = session.scalar(select(Staff).where(Staff.number == number))
    if known is None:
        serves_as = BROKERS.get(number, Serving.UNKNOWN).value
        known = Staff(number=number, name=name, post=post, serves_as=serves_as, leaving=number == LEAVING)
        session.add(known)
        session.flush()
    if post in set(Post) and not posts_of(session, known.id):
        give_posts(session, known.id, [Post(post)])
    return known


def _customer(session: Session, client: Client, place: int, broker: Staff) -> Customer:
    number = f"D{place + 1:05d}"
    customer = session.scalar(select(Customer).where(Customer.number == number)) or Customer(number=number)
    seal = current_seal()
    customer.name, customer.name_digest = client.name, seal.digest(client.name)
    customer.phone, customer.phone_digest = client.phone, seal.digest(client.phone)
    customer.gender, customer.email = client.title, f"client{place + 1}@example.com"
    customer.branch, customer.served_by = BRANCHES[place % len(BRANCHES)], broker
    session.add(customer)
    session.flush()
    return customer


def _tasks(
    session: Session, campaign: Campaign, client: Client, customer: Customer, now: datetime
) -> Iterator[ReviewTask]:
    """A task for each review that is owed to a client; `~2` marks the second one."""
    for place, duty in enumerate(client.duties, 1):
        yield ReviewTask(
            number=f"{campaign.id:02d}-{client.id}" + (f"~{place}" if place > 1 else ""),
            campaign_id=campaign.id,
            customer_id=customer.id,
            product_id=_product(session, client.product).id if client.product else None,
            review_type=duty.review.value,
            script=duty.script,
            slots=dict(duty.slots),
            created_at=now,
            due_at=now,
            deadline_at=_deadline(duty.review, now),
        )


def _product(session: Session, product: CastProduct) -> Product:
    known = session.scalar(select(Product).where(Product.code == product.code))
    if known is None:
        known = Product(code=product.code, name=product.name, risk_level=product.risk_level.value)
        session.add(known)
        session.flush()
    return known


def _deadline(review: ReviewType, now: datetime) -> datetime | None:
    calendar = TradingCalendar()
    try:
        return deadline_of(review, now, calendar=calendar)
    except UnknownYear:
        # The demo must run in any year: there, every weekday counts as a trading day.
        year = now.astimezone(SHANGHAI).year
        return deadline_of(review, now, calendar=calendar.with_year(year, ()).with_year(year + 1, ()))


def clients_by_task(cast: Cast, tasks: Sequence[ReviewTask]) -> dict[int, Client]:
    """Which client of the cast each task is about."""
    clients = {client.id: client for client in cast.clients}
    return {task.id: clients[task.number.partition("-")[2].partition("~")[0]] for task in tasks}
