"""The exchanges that can place calls, as their settings describe them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Asterisk:
    """ARI at `host`:`port`; `route` is the endpoint that is dialled, with {number} in it.

    `media` is websocket (chan_websocket: we connect to Asterisk) or audiosocket (Asterisk connects to `public_host` at
    our `listen_port`). `number` is our caller id.
    """

    host: str
    user: str
    password: str = field(repr=False)
    route: str
    port: int = 8088
    tls: bool = False
    app: str = "huifang"
    media: str = "websocket"
    number: str = ""
    listen_host: str = "127.0.0.1"
    listen_port: int = 0
    public_host: str = "127.0.0.1"
    calls: int = 30
    calls_per_second: float = 5.0


@dataclass(frozen=True, slots=True)
class FreeSwitch:
    """The event socket at `host`:`port`; `route` is the dial string, with {number} in it.

    mod_audio_stream connects to `public_url` (ws: or wss:), behind which we listen at `listen_host`:`listen_port`;
    where it is empty, to that address itself.
    """

    host: str
    password: str = field(repr=False)
    route: str
    port: int = 8021
    number: str = ""
    listen_host: str = "127.0.0.1"
    listen_port: int = 8090
    public_url: str = ""
    calls: int = 30
    calls_per_second: float = 5.0


@dataclass(frozen=True, slots=True)
class Twilio:
    """An account; Twilio reaches us at `public_url` (https:), behind which we listen at `listen_host`:`listen_port`."""

    account: str
    token: str = field(repr=False)
    number: str
    public_url: str
    listen_host: str = "127.0.0.1"
    listen_port: int = 8090
    api: str = "https://api.twilio.com"
    calls: int = 30
    calls_per_second: float = 1.0


Exchange: TypeAlias = Asterisk | FreeSwitch | Twilio
