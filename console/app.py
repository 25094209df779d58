"""The pages, put onto a FastAPI application."""

from __future__ import annotations

from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from console import (
    account_page,
    agent_line,
    agent_page,
    calls_page,
    cases_page,
    conflicts_page,
    control_page,
    correcting_page,
    dashboard_page,
    dnc_page,
    duties_page,
    escalations_page,
    health_page,
    hearing_page,
    import_api,
    import_page,
    incoming_page,
    inspecting_page,
    log_page,
    login_page,
    outbox_page,
    people_page,
    plans_page,
    questionnaire_page,
    results_page,
    reveal_page,
    scorecards_page,
    scoring_page,
    script_figures_page,
    script_reading_page,
    scripts_page,
    try_page,
    users_page,
)
from console.access import declared_of
from console.lasting import Lasting
from console.logged import Logging, check_logged, keeps_typed
from console.logged_acts import LOGGED
from console.login_page import install_access
from console.render import install_error_pages
from console.safety import Safety

HERE = Path(__file__).parent


def add_pages(app: FastAPI) -> None:
    """Add every page, the live feed and the static files; the server puts its Desk into `app.state.desk`.

    Raises UndeclaredRoute where a route does not say who may use it, UnloggedRoute where one that may change something
    does not say what the system log tells of it.
    """
    app.mount("/q/static", StaticFiles(directory=HERE / "static" / "form"), name="form-static")
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    for page in (
        login_page,
        account_page,
        users_page,
        log_page,
        reveal_page,
        dashboard_page,
        control_page,
        dnc_page,
        script_figures_page,
        scripts_page,
        script_reading_page,
        cases_page,
        conflicts_page,
        calls_page,
        hearing_page,
        inspecting_page,
        scoring_page,
        scorecards_page,
        results_page,
        escalations_page,
        incoming_page,
        import_page,
        import_api,
        duties_page,
        plans_page,
        agent_page,
        agent_line,
        try_page,
        questionnaire_page,
        people_page,
        correcting_page,
        outbox_page,
        health_page,
    ):
        app.include_router(page.router, dependencies=[Depends(keeps_typed(LOGGED))])
    install_error_pages(app)
    install_access(app)
    app.add_middleware(Logging, table=LOGGED)
    app.add_middleware(Lasting)
    app.add_middleware(Safety)
    check_logged(LOGGED, declared_of(app))
