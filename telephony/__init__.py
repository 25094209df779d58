"""Placing and carrying calls: legs, SIP trunks, gateway, exchanges, recording, call progress, simulator."""

from telephony.errors import (
    CallExists,
    GatewayUnavailable,
    PlayQueueFull,
    RecordingError,
    RecordingExists,
    RecordingMissing,
    RecordingUnreadable,
    TelephonyError,
    TrunksInvalid,
    TrunkUnavailable,
    WireError,
)
from telephony.gateway import Gateway
from telephony.gateways.dialer import ExchangeDialer
from telephony.legs import (
    FRAME_BYTES,
    FRAME_MS,
    FRAME_SAMPLES,
    SAMPLE_RATE,
    Answered,
    AudioIn,
    Dialer,
    Digit,
    EarlyMedia,
    HangupCause,
    HungUp,
    Leg,
    LegEvent,
    Played,
    Ringing,
)
from telephony.pacing import Lateness
from telephony.peaks import Peaks
from telephony.recording import Recording, RecordingStore, SealedRecording
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk import Trunk

__all__ = [
    "FRAME_BYTES",
    "FRAME_MS",
    "FRAME_SAMPLES",
    "SAMPLE_RATE",
    "Answered",
    "AudioIn",
    "CallExists",
    "Dialer",
    "Digit",
    "EarlyMedia",
    "ExchangeDialer",
    "Gateway",
    "GatewayUnavailable",
    "HangupCause",
    "HungUp",
    "Lateness",
    "Leg",
    "LegEvent",
    "Peaks",
    "PlayQueueFull",
    "Played",
    "Recording",
    "RecordingError",
    "RecordingExists",
    "RecordingMissing",
    "RecordingStore",
    "RecordingUnreadable",
    "Ringing",
    "SealedRecording",
    "SipDialer",
    "TelephonyError",
    "Trunk",
    "TrunkUnavailable",
    "TrunksInvalid",
    "WireError",
]
