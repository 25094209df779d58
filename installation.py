"""Settings become a working installation: database, recogniser, lines, recordings, all that calls are made with."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from bot.script import Script
from bot.writing.unheard import unheard
from campaign.calls.calllog import CallLog
from campaign.calls.feed import Feed
from campaign.calls.incoming import answering
from campaign.calls.shared_feed import saying
from campaign.clock import Clock, RealClock
from campaign.handover.consulting import ClientCalls
from campaign.handover.presences import PresenceLog
from campaign.house import House
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from campaign.running.lease import Lease
from campaign.running.neighbours import Neighbours
from campaign.running.worker import arrive, staying
from campaign.sending.channel_file import load_channels
from campaign.sending.outbox import Outbox
from campaign.shipped import take_in_shipped
from campaign.voices import Voices
from campaign.works import Works
from firm_lines import OpenDialer, dialer_of, lines_of, road_of
from firm_rules import calling_hours, client_caps
from intents import load_matcher
from models import Database, current_seal, load_seal, use_seal
from settings import Settings
from speech.prompts import Prompts
from speech.recogniser import Recogniser, find_model
from telephony.archive import Archive
from telephony.archive_s3 import Credentials, open_archive
from telephony.archiving import Archiving
from telephony.recording import RecordingStore

# How long a busy thread may keep the media thread waiting; Python's own 5 ms would be a quarter of a frame.
SWITCH_SECONDS = 0.001

log = logging.getLogger(__name__)


class InstallationError(Exception):
    """The installation cannot start; the message says what to do."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """The data folder for this process alone; raises InstallationError while another works on it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "huifang.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InstallationError(
                f"another process is working on {folder}: stop it, or give this one another HUIFANG_DATA_DIR"
            ) from error
        yield


@contextmanager
def _alone(settings: Settings) -> Iterator[str]:
    """The data folder for this process alone, and its name, where the database is a file in it.

    Processes that share a PostgreSQL know each other by their heartbeats, and may share the folder too: "".
    """
    if not settings.database.startswith("sqlite"):
        yield ""
        return
    with alone_in(settings.data_dir):
        yield f"{socket.gethostname()}:{settings.data_dir.resolve()}"


def _tell_unheard(scripts: Mapping[str, Script], ears: Recogniser) -> None:
    """One line for each script with words that the recognition model can never hear: it ignores them silently."""
    for name, words in unheard(scripts, ears).items():
        log.warning("%s: the recognition model lacks the words %s", name, " ".join(words))


def open_database(settings: Settings, *, durable: bool = True) -> Database:
    """The migrated database of an installation, its key installed and the shipped scripts taken in.

    `durable`: a power cut loses nothing that was committed; a demonstration can do without.
    Raises ModelsError, and ScriptError where the shipped ledger or a script that it approves cannot be read.
    """
    use_seal(load_seal(settings.secret_key, settings.data_dir / "secret.key"))
    database = Database(settings.database, durable=durable)
    with database.starting():
        database.upgrade()
        take_in_shipped(database, datetime.now(UTC))
    return database


@asynccontextmanager
async def open_works(
    settings: Settings, make_clock: Callable[[Database], Clock], open_dialer: OpenDialer | None = None
) -> AsyncIterator[Works]:
    """Everything that calls are made with, as a worker among others; what dead ones left has been settled.

    `open_dialer` stands in for the line that the settings name.
    """
    async with _opened(settings, make_clock, open_dialer) as works, staying(works):
        yield works


@asynccontextmanager
async def _opened(
    settings: Settings, make_clock: Callable[[Database], Clock], open_dialer: OpenDialer | None
) -> AsyncIterator[Works]:
    sys.setswitchinterval(SWITCH_SECONDS)
    with _alone(settings) as place:
        database = open_database(settings, durable=make_clock is real_clock)
        scripts = Shelf(database)
        archive = archive_of(settings)
        recordings = RecordingStore(settings.recordings, current_seal().key, archive)
        ears = Recogniser(find_model(settings.asr_model, settings.data_dir / "models"), threads=settings.asr_threads)
        _tell_unheard(scripts.current(), ears)
        clock, worker = make_clock(database), f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        channels = load_channels(settings.channels, settings.data_dir / "outbox")
        house = House(settings.firm, settings.department, settings.staff_number, settings.service_number)
        matcher = load_matcher()
        recorder = ClientCalls(recordings)
        hours = calling_hours(settings, clock.now().date())
        line = open_dialer(recorder) if open_dialer else dialer_of(settings, recorder)
        async with (
            CallLog(database) as call_log,
            Outbox(database, channels, clock, worker) as outbox,
            PresenceLog(database, worker) as presences,
            line as dialer,
        ):
            archiving = Archiving(recordings, archive, settings.archive_local_days) if archive else None
            works = Works(
                database=database,
                dialer=dialer,
                recordings=recordings,
                ears=ears,
                voices=_voices(settings),
                matcher=matcher,
                scripts=scripts,
                house=house,
                clock=clock,
                hours=hours,
                call_log=call_log,
                feed=Feed(),
                lease=Lease(database),
                lines=lines_of(settings, dialer),
                caps=client_caps(settings) if make_clock is real_clock else None,
                worker=worker,
                outbox=outbox,
                forms=Forms(database, scripts, house, clock, matcher, settings.public_address, worker, hours),
                road=road_of(settings, dialer, presences),
                archiving=archiving,
                neighbours=(neighbours := Neighbours(database, worker, dialer, archiving, ears)),
                console=settings.console_url,
            )
            await asyncio.to_thread(scripts.current)
            await asyncio.to_thread(arrive, works, place)
            async with (
                archiving or nullcontext(),
                neighbours,
                saying(works.feed, database, worker),
                answering(works, settings.incoming_lines),
            ):
                yield works
        ears.close()
        database.close()


def archive_of(settings: Settings) -> Archive | None:
    """Where sealed recordings go, None where they stay; raises TelephonyError."""
    credentials = Credentials(
        settings.archive_access_key, settings.archive_secret_key.get_secret_value(), settings.archive_region
    )
    return open_archive(settings.archive, credentials)


def prompts_of(settings: Settings, script: Script) -> Prompts:
    """The prompts of a script: recorded ones where there are any, else the bot's voice."""
    return _voices(settings).prompts_of(script)


def _voices(settings: Settings) -> Voices:
    return Voices(settings.data_dir / "prompts", settings.recorded_prompts)


def real_clock(_database: Database) -> Clock:
    """The wall clock, whatever is in the database."""
    return RealClock()
