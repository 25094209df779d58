"""Tables, migrations and every query."""

from models.access_tables import AuditEntry, Credential, SignedInSession, SignInTry, StaffPost
from models.base import Base
from models.counting_tables import ScriptTally, ScriptUnknown
from models.database import Database
from models.duty_tables import BusinessEvent, Draw, DrawnMember, Duty, EventTask, PlanActed, ReviewPlan
from models.errors import (
    CampaignFull,
    CampaignStopped,
    ClientBusy,
    DatabaseUnusable,
    KeyFileError,
    LinesFull,
    ModelsError,
    SealBroken,
    StaleAttempt,
    TakenByAnother,
    VersionChanged,
    WorkerLost,
)
from models.inspecting_tables import (
    Appeal,
    Calibration,
    CallComment,
    CallIndex,
    Inspection,
    InspectionRule,
    Score,
    Scorecard,
)
from models.line_tables import IncomingCall, LineQuality
from models.live_tables import LiveCallRow, WorkerCondition
from models.people_tables import HumanReview
from models.posting_tables import Event
from models.presence_tables import PresenceSpan
from models.questionnaire_tables import Correction, Questionnaire
from models.running_tables import CampaignPace, Line, Worker
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
    "Appeal",
    "Attempt",
    "AttemptTask",
    "AuditEntry",
    "Base",
    "BusinessEvent",
    "Calibration",
    "CallComment",
    "CallEvent",
    "CallIndex",
    "Campaign",
    "CampaignFull",
    "CampaignPace",
    "CampaignStopped",
    "ClientBusy",
    "Correction",
    "Credential",
    "Customer",
    "Database",
    "DatabaseUnusable",
    "Delivery",
    "Draw",
    "DrawnMember",
    "Duty",
    "Escalation",
    "Event",
    "EventTask",
    "HumanReview",
    "IncomingCall",
    "KeyFileError",
    "Inspection",
    "InspectionRule",
    "LineQuality",
    "Line",
    "LinesFull",
    "LiveCallRow",
    "ModelsError",
    "Notice",
    "PlanActed",
    "PresenceSpan",
    "Product",
    "Questionnaire",
    "Recording",
    "ReviewPlan",
    "ReviewTask",
    "RiskFlag",
    "Score",
    "Scorecard",
    "ScriptActed",
    "ScriptTally",
    "ScriptUnknown",
    "ScriptVersion",
    "Seal",
    "SealBroken",
    "SignInTry",
    "SignedInSession",
    "Staff",
    "StaffPost",
    "StaleAttempt",
    "TakenByAnother",
    "VersionChanged",
    "Worker",
    "WorkerCondition",
    "WorkerLost",
    "current_seal",
    "load_seal",
    "use_seal",
]
