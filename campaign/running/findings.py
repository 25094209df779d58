"""How an installation stands, judged: what is sound, what needs attention, and what is to be done about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from campaign.imports.job import Job, JobState
from models.health import LineUse, PostingJam, WorkerAtWork
from rules.hours import SHANGHAI
from speech.load import Load
from telephony.archiving import ArchiveCondition
from telephony.sip.dialer import TrunkCondition
from telephony.sip.registration import Standing

LATE_BEAT = timedelta(seconds=15)  # a worker beats every 5 s; after 30 s others give it up
LOST_SHARE, LOST_LEAST = 0.1, 5  # of a line's attempts, from which it is not sound
ARCHIVE_LATE = timedelta(hours=1)
LAG_WATCH, LAG_BAD = 1.0, 3.0  # seconds that recognition is behind; then the bot answers late, or talks over clients
SHARE_WATCH = 0.85  # of the recogniser's threads' time
DISK_BAD, DISK_WATCH = 2_000_000_000, 10_000_000_000  # bytes left
BYTES_PER_HOUR = 32_000 * 3600  # of a recording
_MOST_CALLS = 5  # that are named


class Level(StrEnum):
    """How good a finding is."""

    GOOD = "good"  # 正常
    WATCH = "watch"  # 注意
    BAD = "bad"  # 异常
    UNSET = "unset"  # 未设置


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing and how it is; `remedy` says what to do where it is not good."""

    name: str
    level: Level
    words: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Findings of one kind; `link` leads to their own page."""

    key: str
    title: str
    findings: tuple[Finding, ...]
    link: tuple[str, str] | None = None  # address, word


def of_workers(workers: Sequence[WorkerAtWork], now: datetime) -> Iterator[Finding]:
    """The processes that make calls; `now` is the database's clock."""
    if not any(one.worker.ended_at is None for one in workers):
        yield Finding("工作进程", Level.BAD, "没有在岗的工作进程，不会拨打电话", "启动 huifang serve 或 huifang worker")
    for one in workers:
        name = one.worker.label
        if one.worker.ended_at is not None:
            words = f"{_at(one.worker.ended_at)} 失联，它的通话已按中断结算"
            yield Finding(name, Level.WATCH, words, "查看该主机的日志，确认它已停止或重新启动")
            continue
        silent = max(timedelta(0), now - one.worker.heartbeat_at)
        doing = "收尾中，不再接新任务" if one.worker.draining else "在岗"
        words = f"{doing}，{_at(one.worker.started_at)} 启动，{one.calls} 路通话，{silent.seconds} 秒前有心跳"
        words += f"，控制台 {one.worker.console}" if one.worker.console else ""
        if silent > LATE_BEAT:
            yield Finding(name, Level.BAD, words, "检查该主机是否停住、与数据库的网络是否通；满 30 秒即视为失联")
        else:
            yield Finding(name, Level.GOOD, words)


def of_trunks(
    trunks: Sequence[TrunkCondition], uses: Sequence[LineUse], others: Sequence[tuple[str, TrunkCondition]] = ()
) -> Iterator[Finding]:
    """The trunks as each process sees them, and how the attempts of all workers went on them of late.

    `others` are those of other processes, each with the process's name.
    """
    known = {use.name: use for use in uses}
    for trunk in trunks:
        yield _of_trunk(trunk, known.pop(trunk.name, LineUse(trunk.name, 0, 0, 0)))
    for process, trunk in others:
        yield _of_trunk(trunk, known.pop(trunk.name, None), process)
    for use in known.values():
        yield _of_use(use.name or "未命名线路", use)
    if not trunks and not others and not known:
        yield Finding("线路", Level.GOOD, "近15分钟没有拨打")


def _of_trunk(trunk: TrunkCondition, use: LineUse | None, process: str = "") -> Finding:
    """One process's trunk; `use` None: it is told with another process's."""
    fault = _of_standing(trunk)
    finding = fault or (_of_use(trunk.name, use) if use else Finding(trunk.name, Level.GOOD, ""))
    registered = "已注册，" if fault is None and trunk.standing is Standing.REGISTERED else ""
    load = f"{registered}{'该进程' if process else '本进程'} {trunk.load.going}/{trunk.load.most} 路"
    words = f"{load}，{finding.words}" if finding.words else load
    return replace(finding, name=named(trunk.name, process), words=words)


def _of_standing(trunk: TrunkCondition) -> Finding | None:
    """What is wrong with a trunk as a process sees it; None: nothing."""
    if trunk.paused_since is not None and trunk.paused_until is not None:
        why = f"（{trunk.paused_why}）" if trunk.paused_why else ""
        words = f"{_at(trunk.paused_since)} 起暂停：近一分钟失败过多{why}，{_at(trunk.paused_until)} 再试"
        return Finding(trunk.name, Level.BAD, words, "联系运营商，或核对 HUIFANG_TRUNKS 中这条线路的号码、账号和并发数")
    match trunk.standing:
        case Standing.REFUSED:
            return Finding(trunk.name, Level.BAD, "注册被拒绝", "核对 HUIFANG_TRUNKS 中的 user 和 password")
        case Standing.SILENT:
            return Finding(trunk.name, Level.BAD, "注册没有应答", "检查网络和 HUIFANG_TRUNKS 中的 host")
    if not trunk.alive:
        return Finding(trunk.name, Level.BAD, "对端没有应答", "检查网络和 HUIFANG_TRUNKS 中的 host，或联系运营商")
    return None


def named(name: str, process: str) -> str:
    """A thing of another process, or (process "") of this one."""
    return f"{name} · {process}" if process else name


def _of_use(name: str, use: LineUse) -> Finding:
    share = use.lost / use.attempts if use.attempts else 0.0
    words = f"全部进程 {use.now} 路；近15分钟拨打 {use.attempts} 次，线路故障 {use.lost} 次（{share:.0%}）"
    if use.attempts >= LOST_LEAST and share >= LOST_SHARE:
        return Finding(name, Level.BAD, words, "联系运营商；在“通话记录”中按“我方线路故障”查看 SIP 代码")
    return Finding(name, Level.GOOD, words)


def of_archives(
    own: ArchiveCondition | None, others: Sequence[tuple[str, ArchiveCondition]], now: datetime
) -> Iterator[Finding]:
    """What waits to be archived at each process; processes that share a folder name a recording once."""
    if own is not None or not others:
        yield from of_archive(own, now)
    told = {call_id for call_id, _ in own.stuck} if own else set()
    for process, condition in others:
        stuck = tuple(one for one in condition.stuck if one[0] not in told)
        told.update(call_id for call_id, _ in stuck)
        yield from of_archive(replace(condition, stuck=stuck), now, process)


def of_archive(condition: ArchiveCondition | None, now: datetime, process: str = "") -> Iterator[Finding]:
    """What waits to be archived at one process."""
    name = named("归档存储", process)
    if condition is None:
        yield Finding(name, Level.UNSET, "没有设置，录音保留在本机；设置 HUIFANG_ARCHIVE 可存入 S3 兼容存储")
        return
    last = f"，最近归档 {_at(condition.last_at)}" if condition.last_at else ""
    words = f"{condition.place}：{condition.waiting} 个录音等待归档{last}"
    late = condition.oldest_at is not None and now - condition.oldest_at > ARCHIVE_LATE
    if condition.trouble:
        remedy = f"{condition.trouble}。录音仍在本机，恢复后自动继续"
        yield Finding(name, Level.BAD, f"{words}；现在用不了", remedy)
    elif late and condition.oldest_at is not None:
        words += f"，最早的从 {_at(condition.oldest_at)} 开始等"
        yield Finding(name, Level.WATCH, words, "上传跟不上：检查到存储的带宽")
    else:
        yield Finding(name, Level.GOOD, words)
    for call_id, trouble in condition.stuck[:10]:
        yield Finding(f"录音 {call_id}", Level.BAD, f"没有归档：{trouble}", "处理后点“立即重试”；本机录音不会删除")
    rest = max(0, len(condition.stuck) - 10) + condition.more_stuck
    if rest:
        yield Finding(named("其余录音", process), Level.BAD, f"另有 {rest} 个录音没有归档", "处理后点“立即重试”")


def of_load(load: Load, process: str = "") -> Finding:
    """Whether a recogniser, or several together, keep up with the audio."""
    name = named("识别负荷", process)
    words = (
        f"{load.busy}/{load.threads} 个识别线程在忙，近10秒占用 {load.share:.0%}，最多落后 {load.lag_seconds:.1f} 秒"
    )
    remedy = "减少并发通话（HUIFANG_LINES），或增加处理器和 HUIFANG_ASR_THREADS"
    if load.lag_seconds >= LAG_BAD:
        return Finding(name, Level.BAD, f"{words}；跟不上通话，机器人会答得晚", remedy)
    if load.lag_seconds >= LAG_WATCH or load.share >= SHARE_WATCH:
        return Finding(name, Level.WATCH, words, remedy)
    return Finding(name, Level.GOOD, words)


def of_postings(name: str, jam: PostingJam) -> Finding:
    """Notices to clients, or events to the firm's system."""
    words = f"{jam.waiting} 条待发送"
    if jam.overdue:
        words += f"，其中 {jam.overdue} 条逾时未发"
        return Finding(name, Level.BAD, words, "没有进程在发送：检查工作进程；再检查 HUIFANG_CHANNELS 和网络")
    if jam.for_people:
        return Finding(name, Level.WATCH, f"{words}，{jam.for_people} 条需要人处理", "到“告知”页逐条处理或重新发送")
    return Finding(name, Level.GOOD, words)


_IMPORT_DAYS = 7  # for which an import that went wrong asks for attention
_WENT_WRONG = frozenset({JobState.FAILED, JobState.REFUSED})


def of_imports(jobs: Sequence[Job], now: float) -> Iterator[Finding]:
    """The latest imports, which come the latest first; `now` in seconds since 1970.

    One that went wrong asks for nothing more once the same file was imported, or after a week.
    """
    levels = {JobState.FAILED: Level.BAD, JobState.REFUSED: Level.WATCH, JobState.READY: Level.WATCH}
    remedies = {
        JobState.FAILED: "重新导入；再次出错请查看服务器日志",
        JobState.REFUSED: "按所列问题改正文件后重新导入",
        JobState.READY: "在“导入”页确认或放弃；半小时后自动放弃",
    }
    for job in jobs[:10]:
        rows = f"，已核对 {job.checked} 行" + (f"，已写入 {job.written} 行" if job.written else "")
        words = f"{job.word}，{_at(datetime.fromtimestamp(job.asked_at, SHANGHAI))} 提交{rows if job.checked else ''}"
        if job.state in _WENT_WRONG and (why := _settled(job, jobs, now)):
            yield Finding(job.name, Level.GOOD, f"{words}；{why}")
        else:
            yield Finding(job.name, levels.get(job.state, Level.GOOD), words, remedies.get(job.state, ""))
    if not jobs:
        yield Finding("导入", Level.GOOD, "近期没有导入任务")


def _settled(job: Job, jobs: Sequence[Job], now: float) -> str:
    """Why an import that went wrong needs nobody any more; "": it does."""
    again = (one for one in jobs if one.state is JobState.DONE and one.asked_at > job.asked_at and one.name == job.name)
    if any(None in (one.kind, job.kind) or one.kind is job.kind for one in again):
        return "之后已重新导入"
    return f"已过{_IMPORT_DAYS}天，不再提醒" if now - job.asked_at > _IMPORT_DAYS * 86_400 else ""


def of_unreadable(calls: Sequence[str]) -> Iterator[Finding]:
    """The calls whose log cannot be read and that no inspector has heard yet."""
    if calls:
        which = "、".join(calls[:_MOST_CALLS]) + ("等" if len(calls) > _MOST_CALLS else "")
        words = f"{len(calls)} 通电话的记录无法读取：{which}；已进入质检队列，由质检岗听录音"
        remedy = "检查数据库所在磁盘和数据库日志；打开这些通话可以看到损坏的是哪几条，用损坏前的备份核对"
        yield Finding("通话记录", Level.BAD, words, remedy)


def of_disk(name: str, folder: str, free: int, total: int) -> Finding:
    """The room that is left, and how long recordings find room in it."""
    words = f"{folder} 剩余 {free / 1e9:,.1f} GB（共 {total / 1e9:,.0f} GB），约可录音 {free // BYTES_PER_HOUR:,} 小时"
    if free < DISK_BAD:
        return Finding(name, Level.BAD, words, "立即腾出空间或扩容：磁盘满后录音会中断")
    if free < DISK_WATCH:
        return Finding(
            name, Level.WATCH, words, "尽快腾出空间或扩容；设置归档后可用 HUIFANG_ARCHIVE_LOCAL_DAYS 清理本机录音"
        )
    return Finding(name, Level.GOOD, words)


def _at(instant: datetime) -> str:
    local = instant.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 {local:%H:%M:%S}"
