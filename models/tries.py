"""How often signing in may be tried, by account and by address. All instants are of the machine's clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.access_tables import SignInTry
from models.sealed import current_seal

WITHIN = timedelta(minutes=15)
MOST_BY_ACCOUNT = 5
MOST_BY_ADDRESS = 30


def begin_try(session: Session, number: str, address: str, now: datetime) -> datetime | None:
    """Note a try before its password is checked; when the next one may be made where there were too many, else None.

    A try that has to wait is not counted: waiting long enough always helps.
    """
    session.execute(delete(SignInTry).where(SignInTry.at <= now - WITHIN))
    keys = {_account(number): MOST_BY_ACCOUNT, _address(address): MOST_BY_ADDRESS}
    waits = [_free_at(session, key, most) for key, most in keys.items()]
    if any(waits):
        return max(at for at in waits if at is not None)
    session.add_all(SignInTry(key_digest=key, at=now) for key in keys)
    return None


def tries_are_over(session: Session, number: str, address: str) -> None:
    """The password was right: the account's tries are forgotten, and this one of the address."""
    session.execute(delete(SignInTry).where(SignInTry.key_digest == _account(number)))
    latest = select(SignInTry.id).where(SignInTry.key_digest == _address(address)).order_by(SignInTry.at.desc())
    session.execute(delete(SignInTry).where(SignInTry.id == latest.limit(1).scalar_subquery()))


def _free_at(session: Session, key: str, most: int) -> datetime | None:
    tries = select(SignInTry.at).where(SignInTry.key_digest == key).order_by(SignInTry.at.desc())
    oldest = session.scalars(tries.limit(1).offset(most - 1)).first()
    return oldest + WITHIN if oldest is not None else None


def _account(number: str) -> str:
    return current_seal().digest(f"account {number.casefold()}")


def _address(address: str) -> str:
    return current_seal().digest(f"address {address}")
