"""Each exchange in each of its manners, and a dialer on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telephony.gateways.dialer import ExchangeDialer
from telephony.recording import RecordingStore
from tests.telephony.farend import KEY, WAIT
from tests.telephony.gateways.fake_asterisk import FakeAsterisk
from tests.telephony.gateways.fake_freeswitch import FakeFreeSwitch
from tests.telephony.gateways.fake_twilio import FakeTwilio
from tests.telephony.gateways.standin import MakeStandIn, StandIn

KINDS: dict[str, MakeStandIn] = {
    "chan_websocket": FakeAsterisk,
    "chan_websocket in plain text": lambda: FakeAsterisk(plain=True),
    "audiosocket": lambda: FakeAsterisk("audiosocket"),
    "freeswitch": FakeFreeSwitch,
    "twilio": FakeTwilio,
}


@pytest.fixture(params=KINDS)
async def far(request: pytest.FixtureRequest) -> AsyncIterator[StandIn]:
    stand_in = KINDS[request.param]()
    await stand_in.open()
    yield stand_in
    await stand_in.close()


@pytest.fixture
async def dialer(far: StandIn, tmp_path: Path) -> AsyncIterator[ExchangeDialer]:
    async with ExchangeDialer(far.exchange(), RecordingStore(tmp_path, KEY), media_seconds=WAIT) as running:
        yield running
