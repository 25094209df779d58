"""Months of campaigns in seconds: whatever dies or freezes, the standard is kept, judged by the network's own log."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session, selectinload

from benchmarks import fast_time
from campaign.published import Shelf
from campaign.running.opening_hours import hours_to
from models import Attempt, Campaign, Customer, Database, Product, ReviewTask, Seal
from models.control import do_not_call, move_campaign, set_hours
from models.lines import TOGETHER, LineCaps, Lines
from models.queue import open_task_count
from rules import CallingHours, Opening
from rules.caps import ContactCaps
from rules.hours import SHANGHAI
from tests.campaign import world
from tests.campaign.world import BEGIN, Network, NetworkCall, Process, VirtualClock
from tests.conftest import publish

HOURS = CallingHours()
OFFICE = CallingHours(week=((Opening(time(10), time(16)),),) * 5 + ((),) * 2)
LATE = CallingHours(week=((Opening(time(14), time(20)),),) * 7)
LINES = Lines((LineCaps("main", 5, 2), LineCaps("other", 14, 1.5)), LineCaps(TOGETHER, 17, 3))
SECOND_LINES, SECOND_A_MINUTE = 4, 3  # the bounds of the second campaign
LONGEST = 300 * 86400.0

# Table F.1, typed from the standard: wait before the next attempt, least attempts, span from first to last.
WAITS = {
    "busy": timedelta(minutes=10), "hung_up": timedelta(hours=1), "no_answer": timedelta(hours=1),
    "unreachable": timedelta(hours=1), "powered_off": timedelta(hours=1), "suspended": timedelta(hours=24),
    "interrupted": timedelta(hours=1),
}  # fmt: skip
SPANS = {
    "busy": timedelta(hours=2), "hung_up": timedelta(hours=4), "no_answer": timedelta(hours=4),
    "unreachable": timedelta(hours=24), "powered_off": timedelta(hours=24), "interrupted": timedelta(hours=4),
}  # fmt: skip
AT_ONCE = {"refused": "已完成：拒绝回访", "empty_number": "已完成：空号", "reviewed": "已完成：已回访"}
CLOSED_BY_TABLE = {
    "busy": "已完成：电话占线", "hung_up": "已完成：客户挂断", "no_answer": "已完成：无人应答",
    "unreachable": "已完成：无法接通", "powered_off": "已完成：关机", "suspended": "已完成：停机",
}  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """What a simulation left: the network's log and every row."""

    network: Network
    tasks: Sequence[ReviewTask]
    attempts: dict[str, Attempt]
    silenced: dict[int, datetime]  # customer: from when on
    hours: dict[int, list[tuple[datetime, CallingHours | None]]]  # campaign: from when on; None: paused
    deaths: int


def people(database: Database, clients: int, last_day: int, chance: random.Random) -> list[int]:
    """A firm's clients with their reviews in two campaigns, due by the last day; returns the campaigns."""
    with database.write() as session:
        first, second = Campaign(name="甲", created_at=BEGIN), Campaign(name="乙", created_at=BEGIN)
        second.hours = hours_to(OFFICE)
        second.lines, second.calls_per_hour = SECOND_LINES, 60 * SECOND_A_MINUTE
        risky = Product(code="P5", name="某私募", risk_level="R5")
        session.add_all([first, second, risky])
        session.flush()
        seal = Seal(bytes(32))
        sealed = {"name": "单小明", "name_digest": seal.digest("n"), "email": "a@example.com"}
        session.execute(
            insert(Customer),
            [
                {"id": n, "number": f"C{n}", "phone": f"138{n:08}", "phone_digest": f"{n:064}"} | sealed
                for n in range(1, clients + 1)
            ],
        )
        rows: list[dict[str, Any]] = []
        for n in range(1, clients + 1):
            rows += _reviews(n, first.id, second.id, risky.id, last_day, chance)
        session.execute(insert(ReviewTask), rows)
        return [first.id, second.id]


def _reviews(n: int, first: int, second: int, risky: int, last_day: int, chance: random.Random) -> list[dict[str, Any]]:
    due_at = BEGIN + timedelta(days=chance.choice((0, 0, 0, 1, 3, last_day)), hours=1)
    usual = {"customer_id": n, "created_at": BEGIN, "due_at": due_at}
    year_end = datetime(2026, 12, 31, 23, 59, 59, tzinfo=SHANGHAI)
    reviews = [
        usual | {
            "number": f"S{n}", "campaign_id": chance.choice((first, second)), "review_type": "suitability",
            "script": "suitability", "slots": {"业务": "购买金融产品"}, "deadline_at": year_end,
            "product_id": risky if n % 5 == 0 else None,
        }
    ]  # fmt: skip
    if n % 3 == 0:
        reviews.append(
            usual | {
                "number": f"A{n}", "campaign_id": first, "review_type": "anomaly", "script": "anomaly",
                "slots": {"异常类型": "证券交易"}, "deadline_at": due_at + timedelta(days=2), "product_id": None,
            }
        )  # fmt: skip
    return reviews


@dataclass(frozen=True)
class Size:
    """How much is simulated; processes die often enough to die at many places."""

    clients: dict[str, int]  # by database
    last_day: int  # on which something comes due
    death_rate: float


SHORT = Size({"sqlite": 40, "postgresql": 30}, 6, 0.002)
LONG = Size({"sqlite": 2000, "postgresql": 800}, 75, 0.0004)
SOAK = (pytest.mark.soak, pytest.mark.timeout(3600))


@pytest.fixture(params=[pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=SOAK)])
def ran(
    request: pytest.FixtureRequest, either_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Ran:
    """Two hosts with two processes each, which die and freeze all the time, until everything is done."""
    clock = VirtualClock()
    for module in ("running.bounds", "running.lease", "running.sweeper", "running.worker", "calls.placing"):
        monkeypatch.setattr(f"campaign.{module}.database_now", lambda _session: clock.now())
    monkeypatch.setattr("asyncio.to_thread", world.at_once)
    monkeypatch.setattr("models.workers.LOST_AFTER", world.LOST_AFTER)
    monkeypatch.setattr("campaign.running.lease.LOST_AFTER", world.LOST_AFTER)
    monkeypatch.setattr("campaign.running.lease.HELD_SECONDS", world.HELD_SECONDS)
    monkeypatch.setattr("campaign.calls.attempt._carry", world.carried)
    chance = random.Random(20260302)
    publish(either_database, "suitability", "anomaly")
    size: Size = request.param
    campaigns = people(either_database, size.clients[either_database.engine.dialect.name], size.last_day, chance)
    network = Network(clock)
    return fast_time.run(_simulate(either_database, tmp_path, network, campaigns, size.death_rate, chance))


async def _simulate(
    database: Database,
    folder: Path,
    network: Network,
    campaigns: list[int],
    death_rate: float,
    chance: random.Random,
) -> Ran:
    world.begin_time(asyncio.get_running_loop())
    lives: list[Process] = []
    scripts = Shelf(database)

    def host(name: str) -> Any:
        def make(life: int) -> Process:
            process = Process(
                f"{name}-{life}", database.engine.url.render_as_string(hide_password=False), folder, network,
                random.Random(f"{name}-{life}"), death_rate, 0.002, LINES, ContactCaps(), HOURS, scripts,
            )  # fmt: skip
            lives.append(process)
            return process

        return world.keep_alive(make, 600.0)

    hosts = [asyncio.create_task(host(name)) for name in ("a1", "a2", "b1", "b2")]
    silenced: dict[int, datetime] = {}
    hours: dict[int, list[tuple[datetime, CallingHours | None]]] = {
        campaigns[0]: [(BEGIN, HOURS)], campaigns[1]: [(BEGIN, OFFICE)]
    }  # fmt: skip
    people_act = asyncio.create_task(_people_act(database, network.clock, campaigns[1], silenced, hours, chance))
    while await asyncio.to_thread(_open, database) or not people_act.done():
        await asyncio.sleep(6 * 3600)
        assert asyncio.get_running_loop().time() < LONGEST, "something is never dealt with"
    for task in hosts:
        task.cancel()
    await asyncio.gather(*hosts, return_exceptions=True)
    await people_act
    return _collected(database, network, silenced, hours, len(lives))


def _open(database: Database) -> int:
    with database.read() as session:
        return open_task_count(session)


async def _people_act(
    database: Database,
    clock: VirtualClock,
    campaign_id: int,
    silenced: dict[int, datetime],
    hours: dict[int, list[tuple[datetime, CallingHours | None]]],
    chance: random.Random,
) -> None:
    """Managers pause, resume and move hours in the middle of a day; clients want no more calls."""
    for hour, act in ((26.5, "paused"), (99.2, "running"), (102.1, "hours")):
        await asyncio.sleep(hour * 3600 - world.loop_seconds())
        with database.write() as session:
            if act == "hours":
                set_hours(session, campaign_id, hours_to(LATE))
            else:
                move_campaign(session, campaign_id, act)
        current = {"paused": None, "running": OFFICE, "hours": LATE}[act]
        hours[campaign_id].append((clock.now(), current))
        for customer_id in chance.sample(range(1, 60), 6):
            with database.write() as session:
                do_not_call(session, customer_id, "客户要求", clock.now())
            silenced.setdefault(customer_id, clock.now())


def _collected(
    database: Database,
    network: Network,
    silenced: dict[int, datetime],
    hours: dict[int, list[tuple[datetime, CallingHours | None]]],
    deaths: int,
) -> Ran:
    with Session(database.engine) as session:
        attempts = session.scalars(select(Attempt).options(selectinload(Attempt.served))).all()
        tasks = session.scalars(
            select(ReviewTask).options(selectinload(ReviewTask.attempts), selectinload(ReviewTask.product))
        ).all()
        return Ran(network, tasks, {one.call_id: one for one in attempts}, silenced, hours, deaths)


def test_months_of_calls_keep_the_standard(ran: Ran, record_property: Callable[[str, object], None]) -> None:
    record_property("calls", len(ran.network.log))
    record_property("attempts", len(ran.attempts))
    record_property("deaths", ran.deaths)
    assert ran.deaths > 5
    assert len(ran.network.log) > len(ran.tasks)
    at_most_once_on_the_line(ran)
    one_live_call_a_client(ran)
    only_when_it_may_be(ran)
    the_caps_hold(ran)
    table_f1_is_kept(ran)
    nothing_is_lost(ran)


def at_most_once_on_the_line(ran: Ran) -> None:
    assert [call for call, count in Counter(one.call_id for one in ran.network.log).items() if count > 1] == []
    for call in ran.network.log:  # every one of them was written down before, by the process that dialled
        attempt = ran.attempts[call.call_id]
        assert attempt.worker == call.process
        assert attempt.started_at <= call.began


def one_live_call_a_client(ran: Ran) -> None:
    by_number = defaultdict(list)
    for call in ran.network.log:
        by_number[call.number].append(call)
    for calls in by_number.values():
        calls.sort(key=lambda call: call.began)
        for earlier, later in zip(calls, calls[1:], strict=False):
            assert earlier.ended is not None
            assert earlier.ended <= later.began, (earlier, later)


def only_when_it_may_be(ran: Ran) -> None:
    tasks = {task.id: task for task in ran.tasks}
    for call in ran.network.log:
        attempt = ran.attempts[call.call_id]
        local = call.began.astimezone(SHANGHAI)
        for served in attempt.served:
            known = ran.hours[tasks[served.task_id].campaign_id]
            hours = [one for since, one in known if since <= attempt.started_at][-1]
            assert hours is not None, "dialled while paused"
            assert any(one.start <= local.time() < one.end for one in hours.week[local.weekday()]), (call, hours)
            deadline_at = tasks[served.task_id].deadline_at
            assert deadline_at is None or call.began <= deadline_at
        silent_from = ran.silenced.get(attempt.customer_id)
        assert silent_from is None or call.began <= silent_from


def the_caps_hold(ran: Ran) -> None:
    for caps, names in [(one, (one.name,)) for one in LINES.each] + [(LINES.together, LINES.names)]:
        assert caps is not None
        assert _most_at_once([call for call in ran.network.log if call.trunk in names]) <= caps.calls
        starts = sorted(at for at, trunk in ran.network.started if trunk in names)
        in_window = max(1, int(caps.per_second))  # 1.5 a second: one in any two thirds of a second
        for first, beyond in zip(starts, starts[in_window:], strict=False):
            assert beyond - first >= timedelta(seconds=in_window / caps.per_second), caps
    assert {call.trunk for call in ran.network.log} == {"main", "other"}
    assert ran.network.refusals > 0
    the_campaigns_bounds_hold(ran)
    the_clients_caps_hold(ran)


def the_campaigns_bounds_hold(ran: Ran) -> None:
    second = {task.id for task in ran.tasks if task.campaign_id == max(ran.hours)}
    calls = [
        call for call in ran.network.log if any(one.task_id in second for one in ran.attempts[call.call_id].served)
    ]
    assert 1 < _most_at_once(calls) <= SECOND_LINES
    starts = sorted(call.began for call in calls)
    for first, beyond in zip(starts, starts[SECOND_A_MINUTE:], strict=False):
        assert beyond - first >= timedelta(minutes=1)


def _most_at_once(calls: list[NetworkCall]) -> int:
    steps = sorted((at, step) for call in calls for at, step in ((call.began, 1), (call.ended, -1)) if at)
    return max(accumulate((step for _, step in steps), initial=0))


def the_clients_caps_hold(ran: Ran) -> None:
    by_task = {task.id: _attempts_of(task) for task in ran.tasks}
    a_day: Counter[tuple[int, date]] = Counter()
    for call in sorted(ran.network.log, key=lambda call: call.began):
        attempt = ran.attempts[call.call_id]
        key = (attempt.customer_id, call.began.astimezone(SHANGHAI).date())
        agreed = any(_callback_before(by_task[served.task_id], served.no) for served in attempt.served)
        assert a_day[key] < 3 or agreed, call
        a_day[key] += 1


def _callback_before(attempts: Sequence[Attempt], no: int) -> bool:
    """Whether the latest attempt before this one that our own line let through agreed a time."""
    through = [one for one in attempts[: no - 1] if one.outcome != "own_line_failed"]
    return bool(through) and through[-1].outcome == "callback_agreed" and through[-1].callback_at is not None


def _attempts_of(task: ReviewTask) -> list[Attempt]:
    return sorted(task.attempts, key=lambda one: one.started_at)


def table_f1_is_kept(ran: Ran) -> None:
    for task in ran.tasks:
        counted = [one for one in _attempts_of(task) if one.outcome != "own_line_failed"]
        for earlier, later in zip(counted, counted[1:], strict=False):
            assert earlier.ended_at is not None
            assert earlier.outcome is not None
            if earlier.callback_at is not None:
                assert later.started_at >= earlier.callback_at
            elif earlier.outcome in WAITS:
                assert later.started_at - earlier.ended_at >= WAITS[earlier.outcome], task.number
            assert earlier.outcome not in AT_ONCE, f"{task.number} was dialled after it had ended"
        closed = task.status if task.final else task.closes_as
        if closed:
            _closed_rightly(task, closed, counted)


def _closed_rightly(task: ReviewTask, closed: str, counted: list[Attempt]) -> None:
    last = counted[-1].outcome
    assert last is not None
    if last in AT_ONCE:
        assert closed == AT_ONCE[last]
        return
    assert closed == CLOSED_BY_TABLE[last], task.number
    least = 3 if task.product is not None and task.product.risk_level == "R5" else 2
    assert len(counted) >= least, task.number
    span = max((SPANS[one.outcome] for one in counted if one.outcome in SPANS), default=timedelta(0))
    assert counted[-1].started_at - counted[0].started_at > span or span == timedelta(0), task.number


def nothing_is_lost(ran: Ran) -> None:
    assert [one.call_id for one in ran.attempts.values() if one.ended_at is None] == []
    for task in ran.tasks:
        assert task.due_at is None
        assert task.final or task.closes_as or task.with_human, (task.number, task.status)
        numbers = [next(one.no for one in attempt.served if one.task_id == task.id) for attempt in _attempts_of(task)]
        assert numbers == list(range(1, len(numbers) + 1))
