"""A line that is open keeps its session, and is closed when the session has ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from starlette.websockets import WebSocketDisconnect

from console.access import everybody
from console.lasting import Lasting
from models import SignedInSession
from models.access import IDLE
from rules import Post
from tests.console.conftest import Place, empty_place
from tests.signing_in import cookies_of


@pytest.fixture
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Place]]:
    """A line on which every word is repeated, looked at a hundred times a second."""
    app = FastAPI(openapi_url=None)

    @app.websocket("/line", dependencies=[everybody])
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.send_text(await socket.receive_text())

    with empty_place(tmp_path_factory.mktemp("lasting")) as place:
        app.state.desk = place.desk
        app.add_middleware(Lasting, look_seconds=0.01)
        with TestClient(app) as client:
            client.cookies.update(cookies_of(place.desk.database, Post.AGENT))
            yield client, place


def seen_at(place: Place) -> datetime:
    with place.desk.database.read() as session:
        return session.scalars(select(SignedInSession.seen_at)).one()


def test_an_open_line_keeps_its_session(line: tuple[TestClient, Place]) -> None:
    client, place = line
    before = datetime.now(UTC) - IDLE / 2
    with place.desk.database.write() as session:
        session.execute(update(SignedInSession).values(seen_at=before))
    with client.websocket_connect("/line") as socket:
        while seen_at(place) <= before + timedelta(minutes=1):
            socket.send_text("还在")
            assert socket.receive_text() == "还在"


def test_who_signs_out_elsewhere_loses_the_line(line: tuple[TestClient, Place]) -> None:
    client, place = line
    with client.websocket_connect("/line") as socket:
        with place.desk.database.write() as session:
            session.execute(update(SignedInSession).values(begun_at=datetime.now(UTC) - timedelta(days=1)))
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()
