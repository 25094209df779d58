"""Who may do what (T/SAC 002-2024 §7.4): every route, every post, and nobody; and what other sites may not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from console.access import COOKIE, UndeclaredRoute, declared_of, open_to_all, posts
from rules import Post
from tests.console.conftest import Place, empty_place
from tests.signing_in import cookies_of

LETTERS = {
    "M": Post.MANAGER,  # §7.4.1 organises, assigns, watches the progress, reviews the inspectors' results
    "I": Post.INSPECTOR,  # §7.4.2 lays down what is required, inspects, judges
    "T": Post.TRAINER,  # §7.4.3 trains
    "A": Post.AGENT,  # §7.4.4 carries the reviews out, registers them, reports what is unusual
    "O": Post.OPERATOR,  # §7.4.5 runs and maintains the system, tunes the bot, helps with statistics; §7.5.1 users, log
}
EVERYBODY = "MITAO"
OPEN = "open"  # nobody needs to be signed in
TOKEN = "token"  # programs with the installation's token
TABLE = {
    "GET /login": OPEN,
    "POST /login": OPEN,
    "POST /login/demo": OPEN,
    "GET /q/{token}": OPEN,
    "POST /q/{token}/name": OPEN,
    "POST /q/{token}/answer": OPEN,
    "POST /q/{token}/send": OPEN,
    "POST /q/{token}/refuse": OPEN,
    "POST /api/imports/{kind}": TOKEN,
    "GET /api/imports/{job_id}": TOKEN,
    "POST /api/imports/{job_id}/confirm": TOKEN,
    # Their own account
    "POST /logout": EVERYBODY,
    "GET /account": EVERYBODY,
    "POST /account/password": EVERYBODY,
    "POST /account/totp": EVERYBODY,
    "POST /account/totp/confirm": EVERYBODY,
    "POST /account/totp/off": EVERYBODY,
    "POST /account/elsewhere": EVERYBODY,
    # 回访人员及权限管理、系统日志管理、系统维护 (§7.5.1, §7.5.2)
    "GET /users": "O",
    "GET /users.csv": "O",
    "POST /users": "O",
    "POST /users/{number:path}/posts": "O",
    "POST /users/{number:path}/password": "O",
    "POST /users/{number:path}/{doing}": "O",
    "GET /log": "O",
    "GET /log.csv": "O",
    "GET /health": "MO",
    "POST /health/archive/retry": "MO",
    # Progress of the tasks (§7.4.1 c), statistics (§7.4.5 d)
    "GET /": "MIO",
    "GET /dashboard.csv": "MIO",
    "GET /live": "MIO",
    "GET /campaigns": "MIO",
    "GET /campaigns.csv": "MIO",
    "GET /campaigns/{campaign_id}": "MIO",
    "POST /campaigns/{campaign_id}/act": "M",
    "POST /campaigns/{campaign_id}/hours": "M",
    "POST /campaigns/{campaign_id}/pace": "M",
    # Plans and duties (§7.4.1 a, §8.1.1: the departments concerned draft)
    "GET /duties": "MI",
    "POST /duties/draw": "M",
    "GET /duties/draws/{draw_id}": "MI",
    "POST /duties/raise": "M",
    "GET /duties/draws/{draw_id}.csv": "MI",
    "POST /duties/draws/{draw_id}/void": "M",
    "GET /plans": "MI",
    "GET /plans.csv": "MI",
    "GET /plans/new": "MI",
    "POST /plans": "MI",
    "GET /plans/{plan_id}": "MI",
    "GET /plans/{plan_id}/edit": "MI",
    "POST /plans/{plan_id}/edit": "MI",
    "POST /plans/{plan_id}/act": "MI",
    # What the firm knows of clients comes in
    "GET /import": "MO",
    "POST /import": "MO",
    "GET /import/template/{kind}.{form}": "MO",
    "GET /import/jobs/{job_id}": "MO",
    "POST /import/jobs/{job_id}/confirm": "MO",
    "POST /import/jobs/{job_id}/drop": "MO",
    # 回访话术管理: requirements (§7.4.2 a), training material (§7.4.3)
    "GET /scripts": "MIT",
    "GET /scripts.csv": "MIT",
    "GET /scripts/{name}": "MIT",
    "GET /scripts/{name}/figures": "MIT",
    "GET /scripts/{name}/figures.csv": "MIT",
    "GET /scripts/{name}/versions/{number}": "MIT",
    "GET /scripts/{name}/versions/{number}/graph.svg": "MIT",
    "GET /scripts/{name}/diff": "MIT",
    "POST /scripts/{name}/submit": "MT",
    "POST /scripts/{name}/versions/{number}/{doing}": "M",
    "GET /try": EVERYBODY,
    "WS /try/line": EVERYBODY,
    # Calls, masked; a voice and the clear names only for who reviews, judges or supervises (§7.3.5)
    "GET /calls": EVERYBODY,
    "GET /calls/{call_id}": EVERYBODY,
    "GET /calls.csv": "MIO",
    "GET /calls/found.csv": "MIO",
    "GET /calls/{call_id}/recording.wav": "MIA",
    "GET /calls/{call_id}/waveform": "MIA",
    "GET /calls/{call_id}/replayed": "MI",
    "POST /calls/{call_id}/comments": "MI",
    "POST /reveal": "MIA",
    "GET /incoming": "MIAO",
    "GET /incoming.csv": "MIO",
    "GET /escalations": "MIA",
    "GET /escalations.csv": "MI",
    "GET /dnc": "MIA",
    "GET /dnc.csv": "MI",
    "POST /dnc/{customer_id}/{doing}": "MIA",
    "GET /outbox": "MIAO",
    "GET /outbox.csv": "MIO",
    "POST /outbox/{what}/{id_}/{act}": "MIAO",
    # Verification and correction (§8.3.3), violations (§8.4), conflicts of interest (§6.3)
    "POST /calls/{call_id}/answers/{answer_id}/correct": "MI",
    "POST /calls/{call_id}/tasks/{task_id}/correct": "MI",
    "POST /tasks/{task_id}/questionnaire": "MIA",
    "GET /cases": "MIA",
    "GET /cases.csv": "MIA",
    "GET /cases/new": "MIA",
    "POST /cases": "MIA",
    "GET /cases/{case_id}": "MIA",
    "POST /cases/{case_id}/{doing}": "MIA",
    "GET /conflicts": "MI",
    "GET /conflicts.csv": "MI",
    # Inspection (§7.4.2 b, c), its review (§7.4.1 d), its appeal by who was judged (§8.3.3)
    "GET /inspections": "MI",
    "GET /inspections.csv": "MI",
    "POST /inspections/take-in": "MI",
    "POST /inspections/next": "I",
    "POST /inspections/{id_}/take": "I",
    "POST /inspections/{id_}/give-back": "I",
    "POST /calls/{call_id}/inspect": "I",
    "GET /inspections/rules": "MI",
    "POST /inspections/rules/{reason}": "MI",
    "POST /inspections/{id_}/score": "I",
    "GET /scorecards": "MI",
    "GET /scorecards/new": "MI",
    "GET /scorecards/{id_}": "MI",
    "POST /scorecards": "MI",
    "POST /scorecards/{id_}/retire": "MI",
    "GET /results": EVERYBODY,  # 公布评价结果 (§7.4.1 d)
    "GET /results.csv": "MI",
    "GET /calibrations": "MI",
    "POST /calibrations": "MI",
    "GET /scores/{id_}": EVERYBODY,
    "POST /scores/{id_}/second-review": "M",  # 质检结果的复核 (§7.4.1 d)
    "POST /scores/{id_}/appeal": "AO",  # 执行人员 (§8.3.3), for the bot who keeps it (§7.4.5 b)
    "POST /scores/{id_}/answer": "M",  # 由客户回访管理人员进行核实 (§8.3.3)
    # Reviews by people (§7.4.4), supervised (§7.4.1)
    "GET /agent": "MA",
    "GET /agent/tasks": "A",
    "GET /agents": "M",
    "WS /agent/line": "MA",
    "GET /people": "MA",
    "GET /people.csv": "M",
    "GET /people/{id_}": "MA",
    "POST /people/take/{task_id}": "A",
    "POST /people/{id_}/begin": "A",
    "POST /people/{id_}/back": "A",
    "POST /people/{id_}/answer": "A",
    "POST /people/{id_}/record": "A",
}
# Answers that never end.
ENDLESS = {"GET /live"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, light_hashing: None) -> Iterator[Place]:
    with empty_place(tmp_path_factory.mktemp("access")) as made:
        yield made


@pytest.fixture(scope="module")
def client(place: Place) -> Iterator[TestClient]:
    with TestClient(place.app, raise_server_exceptions=False, follow_redirects=False) as made:
        yield made


def ask(client: TestClient, route: str) -> tuple[int, str]:
    """The status of the answer, and where it leads; a refused line has status 403."""
    method, path = route.split(" ")
    path = re.sub(r"\{\w+\}", "999999", path)
    if method == "WS":
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect(path, headers={"Origin": "http://testserver"}),
        ):
            pass
        return 403, ""
    mode = "cors" if client.cookies else "navigate"  # a refusal is told in one line to a script
    answer = client.request(method, path, headers={"Sec-Fetch-Mode": mode})
    return answer.status_code, answer.headers.get("location", "")


def test_the_table_names_every_route(place: Place) -> None:
    assert set(declared_of(place.app)) == set(TABLE)


@pytest.mark.parametrize("who", [*LETTERS, ""])
def test_every_route_lets_in_whom_it_is_for(client: TestClient, place: Place, who: str) -> None:
    wrong = []
    client.cookies.clear()
    for route, allowed in sorted(TABLE.items(), key=lambda one: one[0] == "POST /logout"):  # that one last
        if who and not client.cookies:
            client.cookies.update(cookies_of(place.desk.database, LETTERS[who], number=f"900{who}"))
        method = route.partition(" ")[0]
        welcome = allowed == OPEN or bool(who) and who in allowed and allowed != TOKEN
        if welcome and (route in ENDLESS or method == "WS"):
            continue
        status, where = ask(client, route)
        if welcome:
            right = status not in (401, 403) and not where.startswith("/login?") or route == "POST /login"
            right = right or route == "POST /logout"
        elif allowed == TOKEN or method == "WS" or who and route != "GET /":
            right = status == 403
        elif who:
            right = status == 303 and where != "/login"  # to where they begin
        else:
            right = (status, where.startswith("/login")) == (303, True) if method == "GET" else status == 401
        if not right:
            wrong.append((route, status, where))
    assert wrong == []


def test_several_posts_add_up(client: TestClient, place: Place) -> None:
    client.cookies.update(cookies_of(place.desk.database, Post.TRAINER, Post.OPERATOR))
    assert [client.get(path).status_code for path in ("/scripts", "/log", "/duties")] == [200, 200, 403]
    client.cookies.update(cookies_of(place.desk.database))
    assert [client.get(path).status_code for path in ("/scripts", "/log", "/account")] == [403, 403, 403]


def test_a_token_that_was_made_up_is_nobodys(client: TestClient) -> None:
    client.cookies.clear()
    client.cookies.set(COOKIE, "x" * 43)
    assert client.get("/calls").status_code == 303


def test_a_route_that_names_nobody_does_not_start() -> None:
    router, app = APIRouter(), FastAPI(openapi_url=None)
    router.get("/forgotten")(lambda: None)
    router.get("/twice", dependencies=[posts(Post.AGENT), open_to_all])(lambda: None)
    router.get("/said", dependencies=[posts(Post.AGENT)])(lambda: None)
    app.include_router(router)
    app.get("/bare")(lambda: None)
    with pytest.raises(UndeclaredRoute, match=r"GET /forgotten, GET /twice, GET /bare"):
        declared_of(app)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://testserver.evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://behind-a-proxy"}, 303),
        ({"Origin": "http://testserver"}, 303),
        ({}, 303),
    ],
)
def test_another_sites_form_does_nothing(
    client: TestClient, place: Place, headers: dict[str, str], status: int
) -> None:
    client.cookies.update(cookies_of(place.desk.database, Post.AGENT))
    assert client.post("/logout", headers=headers).status_code == status
    assert client.get("/account").status_code == (200 if status == 403 else 303)


def test_another_sites_page_opens_no_line(client: TestClient, place: Place) -> None:
    client.cookies.update(cookies_of(place.desk.database, Post.AGENT))
    for origin in ("https://evil.example", "null", ""):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/try/line", headers={"Origin": origin}):
            pass


def test_clients_forms_send_no_origin_and_arrive(client: TestClient) -> None:
    """Their page sends no referrer, so that its secret address stays secret; browsers then call the origin null."""
    assert client.post("/q/none/send", headers={"Origin": "null"}).status_code != 403


def test_every_answer_forbids_what_no_page_needs(client: TestClient) -> None:
    client.cookies.clear()
    for path in ("/login", "/nothing", "/static/console.css", "/calls"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert client.get("/login").headers["cache-control"] == "no-store"
