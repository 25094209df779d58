"""People who are signed in at the console without having typed a password."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from playwright.sync_api import Page

from console.access import COOKIE
from models import Database, Staff
from models.access import begin_session, give_posts, staff_numbered
from rules import Post


def cookies_of(database: Database, *posts: Post, number: str = "9001", name: str = "方圆") -> dict[str, str]:
    """The cookies of a browser at which somebody is signed in who holds these posts."""
    token = secrets.token_urlsafe(32)
    with database.write() as session:
        staff = staff_numbered(session, number)
        if staff is None:
            staff = Staff(number=number, name=name, post=posts[0].value if posts else "")
            session.add(staff)
            session.flush()
        give_posts(session, staff.id, posts)
        begin_session(session, staff.id, token, datetime.now(UTC))
    return {COOKIE: token}


def cookie_header(cookies: dict[str, str]) -> dict[str, str]:
    """The header by which a program sends them."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


def sit_down(page: Page, address: str, cookies: dict[str, str]) -> None:
    """Let a real browser have them, in place of what it had."""
    page.context.clear_cookies()
    page.context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
