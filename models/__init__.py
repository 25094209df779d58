"""Tables, migrations and every query."""

from models.database import Database
from models.errors import ClientBusy, DatabaseUnusable, KeyFileError, ModelsError, SealBroken, StaleAttempt
from models.sealed import Seal, current_seal, load_seal, use_seal
from models.tables import (
    Answer,
    Attempt,
    Base,
    CallEvent,
    Campaign,
    Customer,
    Escalation,
    Notice,
    Product,
    Recording,
    ReviewTask,
    RiskFlag,
    Staff,
)

__all__ = [
    "Answer",
    "Attempt",
    "Base",
    "CallEvent",
    "Campaign",
    "ClientBusy",
    "Customer",
    "Database",
    "DatabaseUnusable",
    "Escalation",
    "KeyFileError",
    "ModelsError",
    "Notice",
    "Product",
    "Recording",
    "ReviewTask",
    "RiskFlag",
    "Seal",
    "SealBroken",
    "Staff",
    "StaleAttempt",
    "current_seal",
    "load_seal",
    "use_seal",
]
