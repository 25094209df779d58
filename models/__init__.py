"""Tables, migrations and every query."""

from models.base import Base
from models.database import Database
from models.duty_tables import BusinessEvent, Draw, DrawnMember, Duty, EventTask, PlanActed, ReviewPlan
from models.errors import (
    ClientBusy,
    DatabaseUnusable,
    KeyFileError,
    ModelsError,
    SealBroken,
    StaleAttempt,
    VersionChanged,
)
from models.script_tables import ScriptActed, ScriptVersion
from models.sealed import Seal, current_seal, load_seal, use_seal
from models.tables import (
    Answer,
    Attempt,
    AttemptTask,
    CallEvent,
    Campaign,
    Customer,
    Delivery,
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
    "AttemptTask",
    "Base",
    "BusinessEvent",
    "CallEvent",
    "Campaign",
    "ClientBusy",
    "Customer",
    "Database",
    "DatabaseUnusable",
    "Delivery",
    "Draw",
    "DrawnMember",
    "Duty",
    "Escalation",
    "EventTask",
    "KeyFileError",
    "ModelsError",
    "Notice",
    "PlanActed",
    "Product",
    "Recording",
    "ReviewPlan",
    "ReviewTask",
    "RiskFlag",
    "ScriptActed",
    "ScriptVersion",
    "Seal",
    "SealBroken",
    "Staff",
    "StaleAttempt",
    "VersionChanged",
    "current_seal",
    "load_seal",
    "use_seal",
]
