"""Looking at a whole installation, for the operator's page (运行状况)."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaign.clock import Clock
from campaign.imports.job import Job
from campaign.masking import kind_and_place
from campaign.running.findings import (
    Finding,
    Level,
    Section,
    of_archives,
    of_disk,
    of_imports,
    of_load,
    of_postings,
    of_trunks,
    of_unreadable,
    of_workers,
)
from campaign.running.neighbours import Neighbours, ProcessCondition
from models import Database, Event, Notice
from models.health import database_bytes, line_uses, posting_jam, unreadable_calls, workers_of_late
from models.workers import database_now
from speech.load import Load
from speech.recogniser import Recogniser
from speech.voice import Voice
from telephony.archiving import Archiving
from telephony.legs import Dialer
from telephony.sip.dialer import SipDialer

LATELY = timedelta(minutes=15)
LOST_SINCE = timedelta(days=1)
OVERDUE = timedelta(minutes=10)  # a letter that is due is tried within seconds
SPEECH_SECONDS = 60.0  # between trials of recogniser and voice
TRIAL_SECONDS = 10.0  # for each of them

_SILENCE = bytes(1600)  # 100 ms


@dataclass(slots=True)
class Plant:
    """What an operator looks after; what is None is not there in this process."""

    database: Database
    clock: Clock
    folder: Path
    recordings: Path
    archiving: Archiving | None = None
    dialer: Dialer | None = None
    ears: Recogniser | None = None
    model: str = ""  # where the recogniser's model lies
    voice: Voice | None = None
    neighbours: Neighbours | None = None  # the other processes of the database
    _speech: tuple[Finding, ...] = ()
    _tried_at: float = field(default=float("-inf"))

    async def look(self, jobs: Sequence[Job]) -> list[Section]:
        """Everything as it is now; what does not answer is a finding too."""
        asked = await asyncio.to_thread(self._asked, jobs)
        speech = (*await self._tried(), *(of_load(load, name) for name, load in self.loads()))
        return [*asked[:2], Section("speech", "识别与语音", speech), *asked[2:]]

    def loads(self) -> list[tuple[str, Load]]:
        """How much each process's recogniser has to do, with the process's name; "": this one."""
        own = [("", self.ears.load())] if self.ears else []
        return own + [(name, one.ears) for name, one in self._others() if one.ears is not None]

    def archives(self) -> bool:
        """Whether any process brings recordings into an archive."""
        return self.archiving is not None or any(one.archive is not None for _, one in self._others())

    def retry_archive(self) -> str:
        """Archive at once, at every process, what was put off; returns the places that it goes to."""
        places = {one.archive.place for _, one in self._others() if one.archive is not None}
        if self.archiving is not None:
            self.archiving.hurry()
            places.add(self.archiving.condition().place)
        if self.neighbours is not None:
            self.neighbours.ask_archive_retry()
        return "、".join(sorted(places))

    def _others(self) -> list[tuple[str, ProcessCondition]]:
        return [(one.name, one.condition) for one in self.neighbours.others] if self.neighbours else []

    def _asked(self, jobs: Sequence[Job]) -> list[Section]:
        now = datetime.now(UTC)
        try:
            kept = self._of_database()
        except Exception as error:
            fault = Finding(
                "数据库", Level.BAD, f"没有应答（{kind_and_place(error)}）", "检查数据库和 HUIFANG_DATABASE_URL"
            )
            kept = {"database": (fault,)}
        others = [(name, one.archive) for name, one in self._others() if one.archive is not None]
        archive = of_archives(self.archiving.condition() if self.archiving else None, others, now)
        return [
            Section("workers", "工作进程", kept.get("workers", ())),
            Section("trunks", "线路", kept.get("trunks", ())),
            Section("storage", "数据库与磁盘", (*kept["database"], *self._disks())),
            Section("archive", "录音归档", tuple(archive)),
            Section("outbox", "告知与事件", kept.get("outbox", ()), ("/outbox?state=person", "告知")),
            Section("imports", "导入任务", tuple(of_imports(jobs, time.time())), ("/import", "导入")),
        ]

    def _of_database(self) -> dict[str, tuple[Finding, ...]]:
        with self.database.read() as session:
            now, business = database_now(session), self.clock.now()
            overdue = business - OVERDUE
            postings = (
                of_postings("给客户的告知", posting_jam(session, Notice, overdue)),
                of_postings("给公司系统的事件", posting_jam(session, Event, overdue)),
            )
            trunks = self.dialer.conditions() if isinstance(self.dialer, SipDialer) else ()
            others = [(name, trunk) for name, one in self._others() for trunk in one.trunks]
            size = database_bytes(session) / 1e6
            kind = "PostgreSQL" if self.database.engine.dialect.name == "postgresql" else "SQLite"
            return {
                "workers": tuple(of_workers(workers_of_late(session, now - LOST_SINCE), now)),
                "trunks": tuple(of_trunks(trunks, line_uses(session, min(now, business) - LATELY), others)),
                "outbox": postings,
                "database": (
                    Finding("数据库", Level.GOOD, f"{kind}，{size:,.1f} MB"),
                    *of_unreadable(unreadable_calls(session)),
                ),
            }

    def _disks(self) -> list[Finding]:
        places: dict[int, tuple[str, Path]] = {}
        for name, folder in (("数据文件夹", self.folder), ("录音文件夹", self.recordings)):
            if folder.is_dir():
                places.setdefault(folder.stat().st_dev, (name, folder))
        usages = ((name, folder, shutil.disk_usage(folder)) for name, folder in places.values())
        return [of_disk(name, str(folder), usage.free, usage.total) for name, folder, usage in usages]

    async def _tried(self) -> tuple[Finding, ...]:
        if time.monotonic() - self._tried_at > SPEECH_SECONDS:
            self._tried_at = time.monotonic()
            self._speech = (await self._try_ears(), await self._try_voice())
        return self._speech

    async def _try_ears(self) -> Finding:
        if self.ears is None:
            return Finding("识别", Level.UNSET, "这个进程没有识别模型")
        usage = self.ears.usage
        cost = f"每秒音频用 {usage.real_time_factor:.3f} 秒"
        words = f"模型 {self.model}；已识别 {usage.audio_seconds / 60:,.0f} 分钟，{cost}"
        try:
            await asyncio.wait_for(self.ears.transcribe(_SILENCE), TRIAL_SECONDS)
        except Exception as error:
            return Finding(
                "识别", Level.BAD, f"{words}；没有应答（{kind_and_place(error)}）", "减少并发通话，或重启本进程"
            )
        return Finding("识别", Level.GOOD, words)

    async def _try_voice(self) -> Finding:
        if self.voice is None:
            return Finding("语音", Level.UNSET, "这个进程没有语音合成")
        try:
            await asyncio.wait_for(asyncio.to_thread(self.voice.speak, "您好"), TRIAL_SECONDS)
        except Exception as error:
            words = f"合成语音失败（{kind_and_place(error)}）"
            return Finding("语音", Level.BAD, words, "检查 espeak-ng 是否已安装；话术录音不受影响")
        return Finding("语音", Level.GOOD, f"{self.voice.key.partition('/')[0]}，试读正常")
