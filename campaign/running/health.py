"""What an operator's tools ask a worker: /healthz (does it live) and /metrics (Prometheus)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from campaign.masking import kind_and_place
from campaign.running.meters import Meters
from campaign.running.runner import Runner
from campaign.works import Works

ANSWER_SECONDS = 5.0  # for the database


@asynccontextmanager
async def health_site(works: Works, runner: Runner, meters: Meters, host: str, port: int) -> AsyncIterator[int]:
    """Serve both addresses and yield the port (chosen freely for 0)."""

    async def healthz(_request: web.Request) -> web.Response:
        """200 with `ok` or `draining`; 503 with the reason while this worker may dial nobody."""
        state = await _state(works, runner)
        return web.Response(text=state, status=200 if state in ("ok", "draining") else 503)

    async def metrics(_request: web.Request) -> web.Response:
        text = await asyncio.wait_for(asyncio.to_thread(meters.text, works, runner), ANSWER_SECONDS)
        return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/metrics", metrics)])
    served = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await served.setup()
    try:
        site = web.TCPSite(served, host, port)
        await site.start()
        yield int(served.addresses[0][1])
    finally:
        await served.cleanup()


async def _state(works: Works, runner: Runner) -> str:
    if works.lease is not None and not works.lease.held:
        return "lost" if works.lease.lost else "silent"
    try:
        await asyncio.wait_for(asyncio.to_thread(_ask, works), ANSWER_SECONDS)
    except Exception as error:
        return f"database: {kind_and_place(error)}"
    return "draining" if runner.draining else "ok"


def _ask(works: Works) -> None:
    with works.database.read() as session:
        session.connection().exec_driver_sql("SELECT 1")
