"""What operators keep: users and the log; and clients shown in the clear for a reason."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from console.log_page import WORDS
from models import AuditEntry, Credential, Customer, ReviewTask, SignedInSession, Staff, StaffPost, current_seal
from models.access import AUDIT_KEPT, add_user, forget_old, user_numbered
from models.audit import Act, note
from rules import Post
from tests.console.conftest import Place, empty_place
from tests.signing_in import cookies_of


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, light_hashing: None) -> Iterator[Place]:
    with empty_place(tmp_path_factory.mktemp("users")) as made:
        yield made


@pytest.fixture
def operator(place: Place) -> Iterator[TestClient]:
    """郑凯 keeps the users, and is the only one so far."""
    database = place.desk.database
    with database.write() as session:
        for table in (SignedInSession, AuditEntry, Credential, StaffPost, Staff):
            session.execute(delete(table))
        now = datetime.now(UTC)
        add_user(session, "8301", "郑凯", [Post.OPERATOR], password_hash="", must_change=False, now=now)
    with TestClient(place.app, follow_redirects=False) as client:
        client.cookies.update(cookies_of(database, Post.OPERATOR, number="8301"))
        yield client


def add(operator: TestClient, number: str = "8101", name: str = "周岚", posts: tuple[str, ...] = ("inspector",)) -> str:
    return operator.post("/users", data={"number": number, "name": name, "posts": list(posts)}).text


def made_password(text: str) -> str:
    (password,) = re.findall(r'font-monospace">(\w{16})<', text)
    return str(password)


def test_a_user_is_added_signs_in_and_has_to_choose_a_password(operator: TestClient, place: Place) -> None:
    password = made_password(add(operator, posts=("inspector", "trainer")))
    text = operator.get("/users").text
    assert "周岚" in text and "须改密码" in text and password not in text
    with TestClient(place.app, follow_redirects=False) as client:
        answer = client.post("/login", data={"number": "8101", "password": password})
        assert answer.status_code == 303
        assert client.get("/try").headers["location"] == "/account"
    with place.desk.database.read() as session:
        user = user_numbered(session, "8101")
        assert user is not None and password not in user.password_hash


@pytest.mark.parametrize("number", ["8 x/", "/", "8#1", "8&1"])
def test_a_number_of_old_is_disabled_all_the_same(operator: TestClient, place: Place, number: str) -> None:
    with place.desk.database.write() as session:
        add_user(session, number, "周岚", [Post.AGENT], password_hash="", must_change=False, now=datetime.now(UTC))
    text = operator.get("/users").text
    (address,) = (one for one in re.findall(r'action="([^"]+/disable)"', text) if "8301" not in one)
    answer = operator.post(html.unescape(address))
    assert answer.status_code == 303
    assert "周岚" in operator.get(answer.headers["location"]).text
    with place.desk.database.read() as session:
        user = user_numbered(session, number)
        assert user is not None and user.disabled_at is not None


@pytest.mark.parametrize(
    ("number", "name", "posts", "fault"),
    [
        ("", "周岚", ("inspector",), "请填写工号"),
        ("8101", " ", ("inspector",), "请填写工号"),
        ("8101", "周岚", (), "至少选一个岗位"),
        ("8101", "周岚", ("broker",), "至少选一个岗位"),
        ("8301", "别人", ("agent",), "已经有工号是8301的用户"),
        ("8" * 41, "周岚", ("agent",), "40字以内"),
        ("8 x/", "周岚", ("agent",), "工号只能用"),
        ("..", "周岚", ("agent",), "工号只能用"),
        ("8101?", "周岚", ("agent",), "工号只能用"),
    ],
)
def test_what_cannot_be_added(operator: TestClient, number: str, name: str, posts: tuple[str, ...], fault: str) -> None:
    text = add(operator, number, name, posts)
    assert fault in text and 'id="made"' not in text
    assert "郑凯" in operator.get("/users").text


def test_posts_change_at_once(operator: TestClient, place: Place) -> None:
    add(operator)
    with place.desk.database.write() as session:
        session.execute(update(Credential).values(must_change=False))
    with TestClient(place.app, follow_redirects=False) as client:
        client.cookies.update(cookies_of(place.desk.database, Post.INSPECTOR, number="8101"))
        assert client.get("/duties").status_code == 200
        operator.post("/users/8101/posts", data={"posts": ["agent", "trainer"]})
        assert (client.get("/duties").status_code, client.get("/try").status_code) == (403, 200)
    assert "至少选一个岗位" in operator.post("/users/8101/posts").text


def test_who_is_disabled_is_out_and_can_come_back(operator: TestClient, place: Place) -> None:
    password = made_password(add(operator))
    with TestClient(place.app, follow_redirects=False) as client:
        data = {"number": "8101", "password": password}
        assert client.post("/login", data=data).status_code == 303
        operator.post("/users/8101/disable")
        assert client.get("/account").status_code == 303
        assert client.post("/login", data=data).status_code == 401
        operator.post("/users/8101/enable")
        assert client.post("/login", data=data).status_code == 303
        other = made_password(operator.post("/users/8101/password").text)
        assert client.get("/account").status_code == 303
        assert client.post("/login", data=data).status_code == 401
        assert client.post("/login", data={"number": "8101", "password": other}).status_code == 303


def test_somebody_always_keeps_the_users(operator: TestClient) -> None:
    for act, data in (("disable", {}), ("posts", {"posts": ["agent"]})):
        answer = operator.post(f"/users/8301/{act}", data=data)
        assert (answer.status_code, "最后一个可登录的运维岗" in answer.text) == (422, True)
    add(operator, "8302", "另一位", ("operator",))
    assert operator.post("/users/8301/disable").status_code == 303


def test_users_are_searched_filtered_and_exported(operator: TestClient) -> None:
    add(operator)
    add(operator, "8002", "<b>孙敏</b>", ("agent",))
    for query, seen in (("q=周", "周岚"), ("q=8002", "孙敏"), ("post=agent", "孙敏"), ("state=open", "周岚")):
        assert seen in operator.get(f"/users?{query}").text.partition("<tbody>")[2], query
    assert "周岚" not in operator.get("/users?post=agent").text
    assert "没有符合条件的用户" in operator.get("/users?state=disabled").text
    assert "<b>孙敏" not in operator.get("/users").text
    exported = operator.get("/users.csv?post=inspector").content.decode("utf-8-sig").splitlines()
    assert exported == ["工号,姓名,岗位,状态,动态口令", "8101,周岚,质检岗,可登录,"]
    assert operator.post("/users/9999/disable").status_code == 404
    assert operator.post("/users/8101/promote").status_code == 404


def test_the_log_tells_who_did_what_and_why(operator: TestClient, place: Place) -> None:
    assert "还没有记录" in operator.get("/log").text
    add(operator)
    operator.post("/users/8101/disable")
    rows = re.findall(r"<tr><td.*</tr>", operator.get("/log").text)
    assert [word in row for word, row in zip(("停用用户", "增加用户"), rows, strict=True)] == [True, True]
    assert all("郑凯（8301）" in row and "8101" in row for row in rows) and "质检岗" in rows[1]
    for query, count in (("q=8301", 2), ("q=8101", 2), ("act=user_added", 1), ("q=nobody", 0), ("since=2999-01-01", 0)):
        assert len(re.findall(r"<tr><td class.*</tr>", operator.get(f"/log?{query}").text)) == count, query
    exported = operator.get("/log.csv?act=user_added").content.decode("utf-8-sig").splitlines()
    assert len(exported) == 2 and exported[1].endswith("8301,郑凯,增加用户,8101,质检岗")
    assert "导出" in operator.get("/log").text.partition("<tbody>")[2]


def test_every_act_has_its_word() -> None:
    assert set(Act) <= set(WORDS)


def test_the_log_is_paged_and_forgets(operator: TestClient, place: Place) -> None:
    database = place.desk.database
    with database.write() as session:
        for no in range(30):
            note(session, None, "listened", f"{no}-1")
    assert "第 1 / 2 页，共 30 条" in operator.get("/log").text
    assert "29-1" not in operator.get("/log?page_no=2").text
    with database.write() as session:
        forget_old(session, datetime.now(UTC) + AUDIT_KEPT - timedelta(days=1))
        assert len(session.scalars(select(AuditEntry)).all()) == 30
        forget_old(session, datetime.now(UTC) + AUDIT_KEPT + timedelta(days=1))
        assert session.scalars(select(AuditEntry)).all() == []


@pytest.fixture
def client_number(place: Place) -> Iterator[str]:
    seal = current_seal()
    with place.desk.database.write() as session:
        client = Customer(
            number="C001",
            name="单小明",
            name_digest=seal.digest("单小明"),
            gender="先生",
            phone="13800001111",
            phone_digest=seal.digest("13800001111"),
        )
        session.add(client)
    yield client.number
    with place.desk.database.write() as session:
        session.execute(delete(ReviewTask))
        session.execute(delete(Customer))


def test_a_client_is_shown_for_a_reason_that_is_written_down(
    operator: TestClient, place: Place, client_number: str
) -> None:
    script = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
    with TestClient(place.app) as agent:
        agent.cookies.update(cookies_of(place.desk.database, Post.AGENT, number="8002", name="孙敏"))
        for reason in ("", "  看看 ", "长" * 201):
            refused = agent.post("/reveal", data={"client": client_number, "reason": reason}, headers=script)
            assert (refused.status_code, "请写明查看的原因" in refused.json()["error"]) == (422, True)
        told = agent.post("/reveal", data={"client": client_number, "reason": "客户来电核实身份"}, headers=script)
        assert told.json() == {"name": "单小明先生", "phones": ["13800001111"]}
        page = agent.post("/reveal", data={"client": client_number, "reason": "没有脚本的浏览器"}).text
        assert "单小明先生" in page and "13800001111" in page
        assert agent.post("/reveal", data={"client": "C999", "reason": "客户来电核实身份"}).status_code == 404
    log = operator.get("/log?act=revealed").text
    assert "孙敏（8002）" in log and "客户 C001" in log and "客户来电核实身份" in log and "没有脚本的浏览器" in log
    assert "C999" not in log and "单小明" not in log and "13800001111" not in log
