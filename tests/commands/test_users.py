"""`huifang users`: the first user, passwords from the terminal alone, and what operators do without the console."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

import huifang
from console import passwords
from console.passwords import is_right
from installation import open_database
from models import AuditEntry, Credential, Database, Staff, StaffPost
from settings import Settings

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A fresh installation without scripts; passwords are hashed with less work than in earnest."""
    made = Settings(data_dir=tmp_path / "data")
    monkeypatch.setattr(huifang, "load_settings", lambda: made)
    monkeypatch.setattr("campaign.shipped.read_ledger", lambda _path: {})
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    return made


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Run:
    def users(*arguments: str) -> tuple[int, str]:
        status = huifang.main(["users", *arguments])
        told = capsys.readouterr()
        return status, told.out + told.err

    return users


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = open_database(settings)
    yield opened
    opened.close()


def made_password(told: str) -> str:
    (password,) = re.findall(r"密码：(\w{16})（只显示这一次", told)
    return str(password)


def stored(database: Database) -> Credential:
    with database.read() as session:
        user = session.scalars(select(Credential)).one()
        session.expunge(user)
        return user


def test_a_generated_password_is_told_once_and_has_to_be_changed(run: Run, database: Database) -> None:
    status, told = run("add", "8301", "--name", "郑凯", "--post", "operator", "--post", "manager", "--generate")
    assert status == 0
    password, user = made_password(told), stored(database)
    assert is_right(password, user.password_hash) and user.must_change
    assert run("list") == (0, "8301\t郑凯\t管理岗、运维岗\t须改密码\n")
    other = made_password(run("reset-password", "8301", "--generate")[1])
    assert other != password and is_right(other, stored(database).password_hash)
    with database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [(one.act, one.subject, one.reason) for one in entries] == [
            ("user_added", "8301", "命令行"),
            ("password_reset", "8301", "命令行"),
        ]


def test_a_password_is_typed_twice_at_the_terminal(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter(["kurz", "lang genug 一", "anders als 二", "lang genug 一", "lang genug 一"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))
    status, told = run("add", "8101", "--name", "周岚", "--post", "inspector")
    assert (status, "密码太短" in told, "两次输入不一样" in told, "lang" in told) == (0, True, True, False)
    user = stored(database)
    assert is_right("lang genug 一", user.password_hash) and not user.must_change


def test_somebody_on_the_staff_list_keeps_name_and_number(run: Run, database: Database) -> None:
    with database.write() as session:
        session.add(Staff(number="8002", name="孙敏", post="agent"))
    assert run("add", "8002", "--post", "agent", "--generate")[0] == 0
    assert run("list") == (0, "8002\t孙敏\t执行岗\t须改密码\n")
    assert run("posts", "8002", "--post", "trainer")[0] == 0
    with database.read() as session:
        assert session.scalars(select(StaffPost.post)).all() == ["trainer"]
        assert session.scalars(select(Staff.name)).all() == ["孙敏"]


def test_who_is_disabled_can_be_let_in_again(run: Run) -> None:
    run("add", "8301", "--name", "郑凯", "--post", "operator", "--generate")
    assert run("disable", "8301")[0] == 0
    assert "已停用" in run("list")[1]
    assert run("enable", "8301")[0] == 0 and run("reset-totp", "8301")[0] == 0
    assert "已停用" not in run("list")[1]


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("add", "8301", "--post", "operator"), "--name"),
        (("add", " ", "--name", "x", "--post", "operator"), "1 to 40 characters"),
        (("add", "8 x/", "--name", "x", "--post", "operator"), "letters, digits"),
        (("disable", "9999"), "huifang users list"),
        (("reset-password", "9999"), "huifang users list"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(run: Run, arguments: tuple[str, ...], remedy: str) -> None:
    status, told = run(*arguments)
    assert (status, remedy in told) == (1, True)
    run("add", "8101", "--name", "周岚", "--post", "inspector", "--generate")
    assert "users posts" in run("add", "8101", "--name", "周岚", "--post", "agent")[1]
