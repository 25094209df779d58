"""Scripts from draft into use, in a real database, and what workers see of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.errors import ScriptInvalid
from bot.script import load_script, script_sources
from bot.writing.ledger import Approval, ledger_text
from campaign import script_life
from campaign.published import NotPublished, Shelf
from campaign.script_life import Actor
from campaign.shipped import take_in_shipped
from models import Database, ScriptVersion, VersionChanged
from models.scripts import move_version, published_hashes, versions_of
from rules.script_life import LifeRefused
from scripts_zh import FOLDER, LEDGER
from tests.conftest import NOON, publish

WORDING = ("请问账户是您本人操作吗？", "请问您的账户是您本人操作吗？")
AUTHOR, SECOND = Actor("0101", NOON), Actor("0102", NOON)


def submit(database: Database, *, edited: bool = False, author: str = "") -> None:
    sources = {file: text.replace(*WORDING) if edited else text for file, text in script_sources("anomaly").items()}
    with database.write() as session:
        script_life.submit(session, "anomaly", sources, AUTHOR, author=author)


def states(database: Database) -> list[str]:
    with database.read() as session:
        return [version.state for version in versions_of(session, "anomaly")]


def acts(database: Database) -> list[list[tuple[str, str]]]:
    with database.read() as session:
        return [[(acted.act, acted.by) for acted in version.acts] for version in versions_of(session, "anomaly")]


def test_a_version_comes_into_use_by_two_people_and_leaves_its_trail(database: Database) -> None:
    submit(database)
    with database.write() as session:
        script_life.approve(session, "anomaly", SECOND)
    with database.write() as session:
        script_life.publish(session, "anomaly", AUTHOR)
    assert states(database) == ["published"]
    assert acts(database) == [[("submit", "0101"), ("approve", "0102"), ("publish", "0101")]]


def test_a_second_pair_of_eyes_is_not_the_authors(database: Database) -> None:
    submit(database, author="0102")
    for actor in (AUTHOR, SECOND):
        with pytest.raises(LifeRefused, match="另一人"), database.write() as session:
            script_life.approve(session, "anomaly", actor)
    assert states(database) == ["submitted"]
    with pytest.raises(LifeRefused, match="审核通过待发布"), database.write() as session:
        script_life.publish(session, "anomaly", SECOND)


def test_a_new_version_supersedes_and_a_rollback_brings_the_old_one_back(database: Database) -> None:
    publish(database, "anomaly")
    publish(database, "anomaly", edited=WORDING)
    assert states(database) == ["superseded", "published"]
    with pytest.raises(LifeRefused, match="原因"), database.write() as session:
        script_life.roll_back(session, "anomaly", SECOND)
    with database.write() as session:
        back = script_life.roll_back(session, "anomaly", Actor("0102", NOON, "客户听不懂"))
        assert back.number == 1
    assert states(database) == ["published", "rolled_back"]
    with database.read() as session:
        assert [acted.why for version in versions_of(session, "anomaly") for acted in version.acts][-1] == "客户听不懂"
    with database.write() as session:
        script_life.roll_back(session, "anomaly", Actor("0102", NOON, "已改正"), to=2)
    assert states(database) == ["rolled_back", "published"]


def test_what_cannot_be_done_is_told_with_what_to_do(database: Database) -> None:
    with pytest.raises(LifeRefused, match="submit"), database.write() as session:
        script_life.approve(session, "anomaly", SECOND)
    submit(database)
    with pytest.raises(LifeRefused, match="第1版（待审核）相同"):
        submit(database)
    submit(database, edited=True)
    with pytest.raises(LifeRefused, match="第1版、第2版"), database.write() as session:
        script_life.approve(session, "anomaly", SECOND)
    with database.write() as session:
        script_life.reject(session, "anomaly", Actor("0102", NOON, "不用了"), 1)
        script_life.withdraw(session, "anomaly", AUTHOR)
    assert states(database) == ["rejected", "withdrawn"]
    with pytest.raises(LifeRefused, match="没有第3版"), database.write() as session:
        script_life.publish(session, "anomaly", AUTHOR, 3)
    with pytest.raises(LifeRefused, match="谈不上退回"), database.write() as session:
        script_life.roll_back(session, "anomaly", Actor("0102", NOON, "试试"))


def test_a_broken_draft_is_not_submitted_and_every_problem_is_told(database: Database) -> None:
    broken = {file: text.replace("next: ", "nxt: ") for file, text in script_sources("anomaly").items()}
    with pytest.raises(ScriptInvalid) as refused, database.write() as session:
        script_life.submit(session, "anomaly", broken, AUTHOR)
    assert len(refused.value.problems) > 1
    assert states(database) == []


def test_of_two_people_who_act_at_once_the_second_is_told(database: Database) -> None:
    submit(database)
    with database.read() as session:
        (seen,) = versions_of(session, "anomaly")
        session.expunge_all()
    with database.write() as session:
        script_life.reject(session, "anomaly", Actor("0103", NOON, "缺提示"))
    with pytest.raises(VersionChanged), database.write() as session:
        move_version(session, seen, "approved")
    assert states(database) == ["rejected"]


def test_the_difference_between_versions_is_shown_line_by_line() -> None:
    before = script_sources("anomaly")
    after = {file: text.replace(*WORDING) for file, text in before.items()}
    shown = script_life.difference(before, after, ("第1版", "第2版"))
    assert "--- 第1版/anomaly.yaml" in shown
    assert f"-    ask: {WORDING[0]}" in shown
    assert f"+    ask: {WORDING[1]}" in shown
    assert script_life.difference(before, before, ("第1版", "第2版")) == ""


class TestShelf:
    def test_another_process_sees_a_publication_without_restart(self, database: Database) -> None:
        elsewhere = Database(database.url)
        ours, theirs = Shelf(database), Shelf(elsewhere)
        with pytest.raises(NotPublished, match="anomaly"):
            theirs.script("anomaly")
        publish(database, "anomaly")
        before = theirs.script("anomaly")
        assert before == ours.script("anomaly") == load_script("anomaly")
        publish(database, "anomaly", edited=WORDING)
        assert theirs.script("anomaly").nodes["anomaly.self_operated"].ask == WORDING[1]  # type: ignore[union-attr]
        with database.write() as session:
            script_life.roll_back(session, "anomaly", Actor("0102", NOON, "退回"))
        assert theirs.script("anomaly").hash == before.hash
        elsewhere.close()

    def test_what_has_not_changed_is_not_loaded_again(self, database: Database) -> None:
        publish(database, "anomaly", "conduct")
        shelf = Shelf(database)
        before = shelf.current()
        assert shelf.current() is before
        kept = shelf.script("conduct")
        publish(database, "anomaly", edited=WORDING)
        assert shelf.script("conduct") is kept

    def test_a_version_keeps_the_hash_under_which_it_was_approved(self, database: Database) -> None:
        publish(database, "anomaly")
        with database.write() as session:
            session.query(ScriptVersion).one().hash = "a" * 64
        assert Shelf(database).script("anomaly").hash == "a" * 64


class TestShipped:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "release"
        shutil.copytree(FOLDER, folder)
        self.approve(folder)
        return folder

    def approve(self, folder: Path) -> None:
        hashed = load_script(folder / "anomaly.yaml").hash
        approval = Approval("anomaly", hashed, "出厂编写", "出厂审核", NOON.date())
        (folder / LEDGER).write_text(ledger_text({"anomaly": approval}), encoding="utf-8")

    def edit(self, folder: Path, before: str, after: str) -> None:
        path = folder / "anomaly.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")

    def test_a_fresh_install_speaks_what_was_approved(self, database: Database, folder: Path) -> None:
        assert take_in_shipped(database, NOON, folder) == ["anomaly"]
        assert acts(database) == [[("submit", "出厂编写"), ("approve", "出厂审核"), ("publish", "出厂")]]
        assert take_in_shipped(database, NOON, folder) == []
        assert states(database) == ["published"]

    def test_a_file_that_is_not_what_was_approved_is_not_spoken(self, database: Database, folder: Path) -> None:
        self.edit(folder, *WORDING)
        assert take_in_shipped(database, NOON, folder) == []
        assert states(database) == []

    def test_a_new_release_replaces_the_shipped_version(self, database: Database, folder: Path) -> None:
        take_in_shipped(database, NOON, folder)
        self.edit(folder, *WORDING)
        self.approve(folder)
        assert take_in_shipped(database, NOON, folder) == ["anomaly"]
        assert states(database) == ["superseded", "published"]

    def test_what_the_firm_chose_stays(self, database: Database, folder: Path) -> None:
        take_in_shipped(database, NOON, folder)
        publish(database, "anomaly", edited=("郑重提醒", "特别提醒"))
        self.edit(folder, *WORDING)
        self.approve(folder)
        assert take_in_shipped(database, NOON, folder) == []
        assert states(database) == ["superseded", "published"]

    def test_a_rollback_is_not_undone_by_the_next_release(self, database: Database, folder: Path) -> None:
        take_in_shipped(database, NOON, folder)
        self.edit(folder, *WORDING)
        self.approve(folder)
        take_in_shipped(database, NOON, folder)
        with database.write() as session:
            script_life.roll_back(session, "anomaly", Actor("0102", NOON, "客户听不懂"))
        assert take_in_shipped(database, NOON, folder) == []
        self.edit(folder, WORDING[1], "请问您的账户由您本人操作吗？")
        self.approve(folder)
        assert take_in_shipped(database, NOON, folder) == []
        assert states(database) == ["published", "rolled_back"]

    def test_a_shelf_does_not_look_at_the_files(self, database: Database, folder: Path) -> None:
        take_in_shipped(database, NOON, folder)
        shutil.rmtree(folder)
        assert Shelf(database).script("anomaly").title == load_script("anomaly").title
        with database.read() as session:
            assert set(published_hashes(session)) == {"anomaly"}
