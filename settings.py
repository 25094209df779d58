"""Settings of one installation, read from the environment once."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import NonNegativeInt, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_CONSOLE = re.compile(r"https?://[\w.\-]{1,180}(:\d{1,5})?|https?://\[[0-9a-fA-F:]{2,40}\](:\d{1,5})?")
_EXTENSION = re.compile(r"sips?:[0-9+*#]{1,32}@[^\s@,]+")


class Settings(BaseSettings):
    """Everything that differs between installations; each field is `HUIFANG_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="HUIFANG_", env_file=".env", frozen=True)

    data_dir: Path = Path("var")
    recordings_dir: Path | None = None  # default: in data_dir; workers on several hosts share one folder or an archive
    # Where sealed recordings go (telephony/archive.py): a folder, s3://bucket/prefix, s3+https://host/bucket/prefix.
    archive: str = ""
    archive_access_key: str = ""
    archive_secret_key: SecretStr = SecretStr("")
    archive_region: str = "us-east-1"
    archive_local_days: NonNegativeInt | None = None  # after which an archived recording's local copy goes; None: never
    database_url: str = ""  # default: SQLite in data_dir
    asr_model: str = ""  # a Vosk model directory or name; default: the shipped small model
    asr_threads: int = 2
    recorded_prompts: Path | None = None  # a folder per script: prompts.csv and WAV files (speech/recorded.py)
    secret_key: str = ""  # 32 bytes in base64; default: a key file made in data_dir at first start
    host: str = "127.0.0.1"
    port: int = 8000
    console_url: str = ""  # where people reach this console, for the pages of other hosts; "": those cannot lead to it
    api_token: str = ""  # with which the firm's systems may import (console/import_api.py); "": they may not
    gateway_port: int = 8001
    trunks: Path | None = None  # a YAML file of SIP trunks or of an exchange (README); default: the gateway
    channels: Path | None = None  # a YAML file: text messages, mail, events (README); default: files in data_dir/outbox
    # To a person (campaign/handover/): an agent at the console, an extension blind or after it has answered, nobody.
    hand_over: Literal["browser", "refer", "attended", "bridge", "callback"] = "browser"
    # sip: address of an extension or a queue; attended and bridge try several, with commas between; agents at the
    # console may ask there about a client
    refer_to: str = ""
    public_address: str = ""  # where clients reach /q/, e.g. https://hf.example.com; "": no questionnaires are sent
    lines: int = 8  # calls at once
    calls_per_second: float = 4.0  # new ones
    line_calls: int = 0  # at once on all workers and trunks together, beside what each trunk may carry; 0: no bound
    line_calls_per_second: int = 0  # new ones on all workers and trunks together, in any second
    client_calls_per_day: int = 3  # to one client, of all campaigns
    client_reviews_per_quarter: int = 2  # of one client; reviews that every client is owed count, but are not held back
    drain_seconds: float = 180.0  # `worker`: how long calls on the line may go on after SIGTERM
    health_host: str = "127.0.0.1"  # `worker`: where /healthz and /metrics are served
    health_port: int = 9464
    calling_hours: str = ""  # 周一至周五 09:00-12:00 13:30-20:00；节假日 不拨打; "": these hours every day
    calendar: Path | None = None  # closures of the exchange in years to come: a line 2027年, then its dates
    incoming_lines: int = 4  # of clients who call back, beside those; 0: they are not answered
    clock_factor: float = 1.0  # the demo runs retry intervals faster
    firm: str = "华夏安信证券"
    department: str = "客户服务中心"
    staff_number: str = "8001"
    service_number: str = "95500"

    @model_validator(mode="after")
    def _names_where_to_transfer(self) -> Settings:
        match self.hand_over:
            case "refer" if len(self.extensions) != 1 or not self.refer_to.startswith(("sip:", "sips:")):
                raise ValueError("HUIFANG_HAND_OVER=refer needs HUIFANG_REFER_TO, a sip: address")
            case "browser" if not all(map(_EXTENSION.fullmatch, self.extensions)):
                raise ValueError("HUIFANG_REFER_TO: agents may ask at sip: addresses of numbers (sip:8001@pbx.example)")
            case "attended" | "bridge" if not self.extensions or not all(map(_EXTENSION.fullmatch, self.extensions)):
                raise ValueError(
                    f"HUIFANG_HAND_OVER={self.hand_over} needs HUIFANG_REFER_TO, the sip: address of a number that the "
                    "trunk can dial (sip:8001@pbx.example), or several with commas between"
                )
        return self

    @field_validator("console_url")
    @classmethod
    def _leads_to_a_console(cls, url: str) -> str:
        if url and not _CONSOLE.fullmatch(url := url.rstrip("/")):
            raise ValueError("give the address of this host's console, for example https://hf1.example.com:8000")
        return url

    @property
    def extensions(self) -> tuple[str, ...]:
        """The addresses to which calls are handed over."""
        return tuple(each.strip() for each in self.refer_to.split(",") if each.strip())

    @property
    def recordings(self) -> Path:
        """The folder of the recordings."""
        return self.recordings_dir or self.data_dir / "recordings"

    @property
    def database(self) -> str:
        """The database address, SQLite in the data folder unless one was given."""
        return self.database_url or f"sqlite:///{self.data_dir / 'huifang.db'}"


class SettingsInvalid(Exception):
    """The environment holds settings that cannot be used; the message names every one."""


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    """The settings of this process; raises SettingsInvalid."""
    try:
        return Settings()
    except ValidationError as error:
        named = (
            (f"HUIFANG_{'_'.join(map(str, one['loc'])).upper()}: " if one["loc"] else "", one) for one in error.errors()
        )
        faults = (name + one["msg"].removeprefix("Value error, ") for name, one in named)
        raise SettingsInvalid("settings to mend: " + "; ".join(faults)) from error
