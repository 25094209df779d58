"""The commands for who may sign in at the console: `huifang users …`. Passwords come from the terminal alone."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from commands.opening import writing
from console.passwords import fault_of, generated, hash_of
from installation import InstallationError
from models import Credential
from models.access import (
    add_user,
    disable,
    enable,
    forget_totp,
    give_posts,
    posts_of,
    set_password,
    staff_numbered,
    user_numbered,
    users,
)
from models.audit import Act, note
from rules.posts import POST_WORDS, Post, is_staff_number
from settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_BY_COMMAND = "命令行"
_TRIES = 3


def add_to(commands: Commands) -> None:
    """Add `huifang users`."""
    people = commands.add_parser("users", help="who may sign in at the console, and their posts")
    acts = people.add_subparsers(required=True, metavar="ACT")
    acts.add_parser("list", help="everybody who may sign in").set_defaults(command=_list)
    add = acts.add_parser("add", help="let somebody sign in")
    add.add_argument("--name", default="", help="needed where the staff list has no such number")
    add.set_defaults(command=_add)
    posts = acts.add_parser("posts", help="let somebody hold other posts")
    posts.set_defaults(command=_posts)
    for one in (add, posts):
        words = ", ".join(f"{post} {word}" for post, word in POST_WORDS.items())
        one.add_argument("--post", type=Post, action="append", required=True, help=f"{words}; several times: 兼岗")
    reset = acts.add_parser("reset-password", help="give somebody another password, and end their sessions")
    reset.set_defaults(command=_reset_password)
    for one in (add, reset):
        one.add_argument("--generate", action="store_true", help="generate the password and print it once")
    for name, about, command in (
        ("disable", "let somebody sign in no longer, and end their sessions", _disable),
        ("enable", "let somebody sign in again", _enable),
        ("reset-totp", "let somebody sign in without the second factor, which was lost", _reset_totp),
    ):
        acts.add_parser(name, help=about).set_defaults(command=command)
    for name, parser in acts.choices.items():
        if name != "list":
            parser.add_argument("number", metavar="NUMBER", help="staff number (工号)")


def _list(_chosen: argparse.Namespace, settings: Settings) -> int:
    with writing(settings) as session:
        for user in users(session):
            held = "、".join(POST_WORDS[post] for post in Post if post in posts_of(session, user.staff_id))
            marks = [
                word
                for word, is_so in (
                    ("已停用", user.disabled_at is not None),
                    ("离职", user.staff.leaving),
                    ("动态口令", bool(user.totp_secret)),
                    ("须改密码", user.must_change),
                )
                if is_so
            ]
            print(f"{user.staff.number}\t{user.staff.name}\t{held}\t{'、'.join(marks)}")
    return 0


def _add(chosen: argparse.Namespace, settings: Settings) -> int:
    number = chosen.number.strip()
    if not number or len(number) > 40 or len(chosen.name) > 80:
        raise InstallationError("huifang users add: a number has 1 to 40 characters, a name at most 80")
    if not is_staff_number(number):
        raise InstallationError("huifang users add: a number has letters, digits, and - _ . between them")
    with writing(settings) as session:
        if user_numbered(session, number) is not None:
            raise InstallationError(f"user {number} exists: change the posts with `huifang users posts`")
        if not chosen.name.strip() and staff_numbered(session, number) is None:
            raise InstallationError(f"the staff list has no {number}: give the name with --name")
    password, made = _password(chosen)
    with writing(settings) as session:
        user = add_user(
            session,
            number,
            chosen.name.strip(),
            set(chosen.post),
            password_hash=hash_of(password),
            must_change=made,
            now=datetime.now(UTC),
        )
        _note(session, user, Act.USER_ADDED)
    print(f"已增加用户 {number}：{'、'.join(POST_WORDS[post] for post in Post if post in chosen.post)}")
    _tell(password, made)
    return 0


def _posts(chosen: argparse.Namespace, settings: Settings) -> int:
    def change(session: Session, user: Credential) -> None:
        give_posts(session, user.staff_id, set(chosen.post))
        _note(session, user, Act.POSTS_CHANGED)

    return _with_user(chosen, settings, change)


def _reset_password(chosen: argparse.Namespace, settings: Settings) -> int:
    _with_user(chosen, settings, lambda session, user: None)
    password, made = _password(chosen)

    def change(session: Session, user: Credential) -> None:
        set_password(session, user, hash_of(password), must_change=made)
        _note(session, user, Act.PASSWORD_RESET)

    _with_user(chosen, settings, change)
    _tell(password, made)
    return 0


def _disable(chosen: argparse.Namespace, settings: Settings) -> int:
    def change(session: Session, user: Credential) -> None:
        disable(session, user, datetime.now(UTC))
        _note(session, user, Act.USER_DISABLED)

    return _with_user(chosen, settings, change)


def _enable(chosen: argparse.Namespace, settings: Settings) -> int:
    def change(session: Session, user: Credential) -> None:
        enable(user)
        _note(session, user, Act.USER_ENABLED)

    return _with_user(chosen, settings, change)


def _reset_totp(chosen: argparse.Namespace, settings: Settings) -> int:
    def change(session: Session, user: Credential) -> None:
        forget_totp(user)
        _note(session, user, Act.TOTP_RESET)

    return _with_user(chosen, settings, change)


def _with_user(chosen: argparse.Namespace, settings: Settings, act: Callable[[Session, Credential], None]) -> int:
    with writing(settings) as session:
        user = user_numbered(session, chosen.number.strip())
        if user is None:
            raise InstallationError(f"no user {chosen.number}: `huifang users list` tells who there is")
        act(session, user)
    return 0


def _note(session: Session, user: Credential, act: Act) -> None:
    note(session, None, act, user.staff.number, _BY_COMMAND)


def _password(chosen: argparse.Namespace) -> tuple[str, bool]:
    """A password, and whether it was generated: asked for at the terminal, where there is one."""
    if chosen.generate or not sys.stdin.isatty():
        return generated(), True
    for _ in range(_TRIES):
        first = getpass.getpass("密码（直接回车则自动生成）：")
        if not first:
            return generated(), True
        if fault := fault_of(first, chosen.number):
            print(fault, file=sys.stderr)
        elif first == getpass.getpass("再输入一次："):
            return first, False
        else:
            print("两次输入不一样", file=sys.stderr)
    raise InstallationError("no password was chosen: try again, or let one be made with --generate")


def _tell(password: str, made: bool) -> None:
    if made:
        print(f"密码：{password}（只显示这一次，首次登录时须修改）")
