"""Signing in and out: passwords, sessions that end, tries that are bounded, second factors, forms that came late."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, func, select, update

from console import passwords
from console.access import COOKIE
from console.passwords import hash_of
from console.totp import code_of, step_at
from models import (
    AuditEntry,
    Credential,
    PlanActed,
    ReviewPlan,
    SignedInSession,
    SignInTry,
    Staff,
    StaffPost,
)
from models.access import IDLE, LONGEST, add_user, forget_old
from models.tries import begin_try
from rules import Post
from tests.console.conftest import Place, SignIn, empty_place

PASSWORD = "四个 不相干 的词 好记"
NUMBER = "8101"
IN_EARNEST = passwords._hasher
HOMES = {
    Post.MANAGER: "/",
    Post.INSPECTOR: "/",
    Post.TRAINER: "/try",
    Post.AGENT: "/people",
    Post.OPERATOR: "/",
}
TYPED = {"name": "方案“一” & <b>", "scope": "抽中的客户 🙂", "act": "draft"}


@pytest.fixture(scope="module")
def password_hash(light_hashing: None) -> str:
    return hash_of(PASSWORD)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A console without calls; what a test leaves behind is removed by the next."""
    with empty_place(tmp_path_factory.mktemp("login")) as made:
        yield made


@pytest.fixture(autouse=True)
def nobody(place: Place) -> None:
    """No users, no sessions, an empty log."""
    place.app.state.desk = place.desk
    with place.desk.database.write() as session:
        for table in (PlanActed, ReviewPlan, SignedInSession, SignInTry, AuditEntry, Credential, StaffPost, Staff):
            session.execute(delete(table))


@pytest.fixture
def browser(place: Place, password_hash: str) -> Iterator[TestClient]:
    """Nobody is signed in yet; 周岚, an inspector, may sign in."""
    with place.desk.database.write() as session:
        add_user(
            session,
            NUMBER,
            "周岚",
            [Post.INSPECTOR],
            password_hash=password_hash,
            must_change=False,
            now=datetime.now(UTC),
        )
    with TestClient(place.app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def sign_in(browser: TestClient, password: str = PASSWORD, number: str = NUMBER, **more: str) -> int:
    answer = browser.post("/login", data={"number": number, "password": password} | more)
    return answer.status_code


def acts(place: Place) -> list[tuple[str, str]]:
    with place.desk.database.read() as session:
        return [(one.act, one.subject) for one in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_a_password_opens_a_session_that_signing_out_ends(browser: TestClient, place: Place) -> None:
    asked = browser.get("/calls?q=T001")
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?back=/calls%3Fq%3DT001")
    answer = browser.post("/login", data={"number": NUMBER, "password": PASSWORD, "back": "/calls?q=T001"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/calls?q=T001")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "secure" not in cookie
    with place.desk.database.read() as session:
        kept = session.scalars(select(SignedInSession)).one().token_hash
    assert browser.cookies[COOKIE] not in kept
    text = browser.get("/calls").text
    assert "周岚（8101）" in text and 'href="/users"' not in text
    assert browser.get("/login").headers["location"] == "/calls"
    token = browser.cookies[COOKIE]
    assert browser.post("/logout").headers["location"] == "/login"
    browser.cookies.set(COOKIE, token)
    assert browser.get("/calls").status_code == 303
    assert [act for act, _ in acts(place)] == ["signed_in", "signed_out"]


def test_over_tls_the_cookie_stays_there(browser: TestClient) -> None:
    answer = browser.post("https://testserver/login", data={"number": NUMBER, "password": PASSWORD})
    assert "; Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(("number", "password"), [(NUMBER, "falsch"), ("9999", PASSWORD), (NUMBER, ""), ("", "")])
def test_what_is_wrong_is_not_told(browser: TestClient, number: str, password: str) -> None:
    answer = browser.post("/login", data={"number": number, "password": password})
    assert (answer.status_code, "工号、密码或动态口令不对" in answer.text) == (401, True)
    assert "set-cookie" not in answer.headers and password not in answer.text.replace('value=""', "") or not password


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_nobody_is_led_elsewhere(browser: TestClient, back: str) -> None:
    answer = browser.post("/login", data={"number": NUMBER, "password": PASSWORD, "back": back})
    assert answer.headers["location"] == "/"


def test_who_leaves_or_is_disabled_is_out_at_once(browser: TestClient, place: Place) -> None:
    for change in (
        update(Staff).where(Staff.number == NUMBER).values(leaving=True),
        update(Credential).values(disabled_at=datetime.now(UTC)),
    ):
        assert sign_in(browser) == 303
        assert browser.get("/calls").status_code == 200
        with place.desk.database.write() as session:
            session.execute(change)
        assert browser.get("/calls").status_code == 303
        assert sign_in(browser) == 401
        with place.desk.database.write() as session:
            session.execute(update(Staff).values(leaving=False))
            session.execute(delete(SignInTry))


@pytest.mark.parametrize(("column", "limit"), [("seen_at", IDLE), ("begun_at", LONGEST)])
def test_a_session_ends_idle_and_at_the_latest(
    browser: TestClient, place: Place, column: str, limit: timedelta
) -> None:
    sign_in(browser)
    for before, status in ((limit - timedelta(minutes=1), 200), (limit, 303)):
        with place.desk.database.write() as session:
            session.execute(update(SignedInSession).values({"seen_at": datetime.now(UTC)}))
            session.execute(update(SignedInSession).values({column: datetime.now(UTC) - before}))
        assert browser.get("/calls").status_code == status
    with place.desk.database.write() as session:
        forget_old(session, datetime.now(UTC) + LONGEST + timedelta(days=2))
        assert session.scalar(select(func.count(SignedInSession.id))) == 0


def test_a_session_in_use_goes_on(browser: TestClient, place: Place) -> None:
    sign_in(browser)
    with place.desk.database.write() as session:
        session.execute(update(SignedInSession).values(seen_at=datetime.now(UTC) - IDLE / 2))
    browser.get("/calls")
    with place.desk.database.read() as session:
        assert datetime.now(UTC) - session.scalars(select(SignedInSession.seen_at)).one() < timedelta(minutes=1)


def test_an_account_is_tried_five_times_and_then_waits(browser: TestClient, place: Place) -> None:
    for _ in range(5):
        assert sign_in(browser, "falsch") == 401
    answer = browser.post("/login", data={"number": NUMBER, "password": PASSWORD})
    assert (answer.status_code, "请在15分钟以后再试" in answer.text) == (401, True)
    assert sign_in(browser, number="nobody") == 401  # another account is not kept waiting
    with place.desk.database.write() as session:
        session.execute(update(SignInTry).values(at=datetime.now(UTC) - timedelta(minutes=15)))
    assert sign_in(browser) == 303
    with place.desk.database.read() as session:
        assert session.scalar(select(func.count(SignInTry.id))) == 0


def test_an_address_is_tried_thirty_times(browser: TestClient, place: Place) -> None:
    with place.desk.database.write() as session:
        now = datetime.now(UTC)
        waits = [begin_try(session, f"account {no}", "testclient", now) for no in range(31)]
        assert waits[:30] == [None] * 30 and waits[30] == now + timedelta(minutes=15)
    assert "以后再试" in browser.post("/login", data={"number": NUMBER, "password": PASSWORD}).text


def test_a_generated_password_is_changed_before_anything_else(browser: TestClient, place: Place) -> None:
    with place.desk.database.write() as session:
        session.execute(update(Credential).values(must_change=True))
    sign_in(browser)
    assert browser.get("/calls").headers["location"] == "/account"
    assert "请先改成自己的密码" in browser.get("/account").text
    new = "另外 四个 词 也好记"
    for old, one, two, fault in (
        (PASSWORD, "short", "short", "密码太短"),
        (PASSWORD, "8101-8101-8101", "8101-8101-8101", "密码太容易猜"),
        (PASSWORD, new, new + "x", "两次输入的新密码不一样"),
        (PASSWORD, PASSWORD, PASSWORD, "不能和现在的相同"),
        ("falsch", new, new, "不对"),
    ):
        answer = browser.post("/account/password", data={"old": old, "new": one, "again": two})
        assert (answer.status_code, fault in answer.text) == (422, True), fault
    browser.post("/account/password", data={"old": PASSWORD, "new": new, "again": new})
    assert browser.get("/calls").status_code == 200
    assert sign_in(browser) == 401
    assert sign_in(browser, new) == 303


def test_a_second_factor_is_asked_for_once_it_was_shown_to_work(browser: TestClient, place: Place) -> None:
    sign_in(browser)
    (secret,) = re.findall(r'id="secret">([A-Z2-7]{32})<', browser.post("/account/totp").text)
    now = step_at(datetime.now(UTC))
    wrong = browser.post("/account/totp/confirm", data={"secret": secret, "code": "000000", "password": PASSWORD})
    assert (wrong.status_code, secret in wrong.text) == (422, True)
    code = {"secret": secret, "code": code_of(secret, now), "password": PASSWORD}
    assert browser.post("/account/totp/confirm", data=code).status_code == 303
    with place.desk.database.read() as session:
        stored = session.connection().exec_driver_sql("SELECT totp_secret FROM credential").scalar()
        assert isinstance(stored, bytes) and secret.encode() not in stored
    assert sign_in(browser) == 401
    assert sign_in(browser, code=code_of(secret, now)) == 401  # used already
    assert sign_in(browser, code=code_of(secret, now + 1)) == 303
    assert browser.post("/account/totp/off", data={"password": "falsch"}).status_code == 422
    assert browser.post("/account/totp/off", data={"password": PASSWORD}).status_code == 303
    assert sign_in(browser) == 303


def test_signing_out_everywhere_leaves_this_browser(browser: TestClient, place: Place) -> None:
    with TestClient(place.app, follow_redirects=False) as other:
        sign_in(other)
        sign_in(browser)
        assert browser.get("/account").text.count("本机") == 1
        browser.post("/account/elsewhere")
        assert (other.get("/calls").status_code, browser.get("/calls").status_code) == (303, 200)


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of the form on a page, as a browser would send them."""
    return {
        html.unescape(name): html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
    }


@pytest.fixture
def late(browser: TestClient, place: Place) -> str:
    """The page that answers a plan sent when 周岚's session was over."""
    sign_in(browser)
    with place.desk.database.write() as session:
        session.execute(update(SignedInSession).values(seen_at=datetime.now(UTC) - IDLE))
    answer = browser.post("/plans?draft=1", data=TYPED)
    assert (answer.status_code, "刚才填写的内容会在登录后提交" in answer.text) == (401, True)
    return answer.text


def test_a_form_that_came_too_late_is_sent_after_signing_in(browser: TestClient, place: Place, late: str) -> None:
    again = browser.post("/login", data=hidden(late) | {"number": NUMBER, "password": "falsch"})
    resumed = browser.post("/login", data=hidden(again.text) | {"number": NUMBER, "password": PASSWORD})
    assert 'action="/plans?draft=1" id="resume" data-send' in resumed.text
    assert PASSWORD not in resumed.text
    assert browser.post("/plans?draft=1", data=hidden(resumed.text)).status_code == 303
    with place.desk.database.read() as session:
        plan = session.scalars(select(ReviewPlan)).one()
        assert (plan.name, plan.content["scope"], plan.drafted_by) == (TYPED["name"], TYPED["scope"], NUMBER)


def test_nobody_sends_what_somebody_else_typed(
    browser: TestClient, place: Place, late: str, password_hash: str
) -> None:
    with place.desk.database.write() as session:
        now = datetime.now(UTC)
        add_user(session, "8201", "吴峰", [Post.MANAGER], password_hash=password_hash, must_change=False, now=now)
    text = browser.post("/login", data=hidden(late) | {"number": "8201", "password": PASSWORD}).text
    assert "另一位用户填写的，没有提交" in text and "抽中的客户" not in text
    with place.desk.database.read() as session:
        assert session.scalar(select(func.count(ReviewPlan.id))) == 0


def test_files_and_passwords_are_not_carried(browser: TestClient) -> None:
    answer = browser.post("/import", files={"file": ("a.csv", b"x", "text/csv")}, data={"act": "import"})
    assert (answer.status_code, "请重新选择" in answer.text, "kept:" in answer.text) == (401, True, False)
    answer = browser.post("/account/password", data={"old": "geheim"})
    assert (answer.status_code, "geheim" in answer.text) == (401, False)
    for path in ("//evil.example/x", "https://evil.example", "/account/password", "/users/1/password"):
        data = {"number": NUMBER, "password": PASSWORD, "kept-path": path, "kept:a": "b"}
        assert browser.post("/login", data=data).status_code == 303


def test_a_script_is_told_rather_than_shown(browser: TestClient) -> None:
    answer = browser.get("/live", headers={"Sec-Fetch-Mode": "cors"})
    assert (answer.status_code, answer.json()) == (401, {"error": "请重新登录"})


def test_a_link_from_elsewhere_asks_again_by_itself(browser: TestClient) -> None:
    """SameSite=Strict withholds the cookie from such a request alone."""
    assert 'http-equiv="refresh"' in browser.get("/login", headers={"Sec-Fetch-Site": "cross-site"}).text
    assert 'http-equiv="refresh"' not in browser.get("/login").text


def test_only_a_demo_lets_people_look_around(browser: TestClient, place: Place, as_posts: SignIn) -> None:
    assert browser.post("/login/demo", data={"number": "8201"}).status_code == 404
    place.app.state.desk = replace(place.desk, demo=True)
    text = browser.get("/login").text
    assert text.count('action="/login/demo"') == len(Post)
    buttons = re.findall(r'name="number" value="(\d+)"', text)
    assert len(set(buttons)) == 2 * len(Post)
    homes = []
    for number in buttons:
        assert browser.post("/login/demo", data={"number": number}).status_code == 303
        homes.append(browser.get("/", follow_redirects=True).url.path)
    assert homes == [HOMES[post] for post in Post for _ in range(2)]
    for number in ("8001", "6001", ""):  # the bot's, a broker's
        assert browser.post("/login/demo", data={"number": number}).status_code == 404


def test_users_of_a_demo_sign_in_with_their_passwords(browser: TestClient, place: Place) -> None:
    place.app.state.desk = replace(place.desk, demo=True)
    assert 'id="login"' in browser.get("/login").text
    assert sign_in(browser) == 303
    assert "周岚" in browser.get("/calls").text


def test_without_users_the_page_says_which_command_makes_one(place: Place) -> None:
    with TestClient(place.app) as client:
        assert "huifang users add" in client.get("/").text


def test_passwords_are_hashed_as_rfc_9106_recommends_where_memory_is_scarce() -> None:
    """§4: Argon2id, 3 passes, 4 lanes, 64 MiB, with a salt of its own each time."""
    hashed = [IN_EARNEST.hash(PASSWORD) for _ in range(2)]
    assert all(one.startswith("$argon2id$v=19$m=65536,t=3,p=4$") for one in hashed) and hashed[0] != hashed[1]
