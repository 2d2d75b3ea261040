"""The web console: each screen asks the same services as the API and shows only what the role permits.

frame       the service behind the screens, who looks, the page around every screen
parts       what several screens draw: status, score, empty and error states, the table that fits a phone
kept_files  the framework's own files, answered from memory
<screen>    one module a screen
"""

from __future__ import annotations

from fastapi import Depends, FastAPI

from api.access import Public

MOUNT = "/console"


def mount(app: FastAPI) -> None:
    """Add the console to the service, at ``/console``; the address of the service itself leads there."""
    from fastapi.responses import RedirectResponse
    from nicegui import app as nicegui_app
    from nicegui import ui

    from api.console import (
        accounts,
        activities,
        agreement,
        audit,
        batch,
        batches,
        bench,
        briefing,
        calendar,
        calibration,
        calibration_sheet,
        compliance,
        customers,
        erasures,
        frame,
        home,
        imports,
        income,
        indicators,
        institution,
        institutions,
        jobs,
        kept_files,
        management,
        management_actions,
        meeting,
        meetings,
        minutes,
        navigator,
        notices,
        people,
        person,
        plan,
        plans,
        practices,
        queue,
        recorder,
        retention,
        rubric_editor,
        rubrics,
        sign_in,
        speech,
        toolbox,
        upload,
    )

    frame.serve(app)
    for screen in (
        sign_in,
        home,
        briefing,
        recorder,
        upload,
        meetings,
        meeting,
        minutes,
        queue,
        bench,
        agreement,
        calibration,
        calibration_sheet,
        compliance,
        practices,
        indicators,
        customers,
        navigator,
        plans,
        plan,
        income,
        activities,
        management,
        management_actions,
        toolbox,
        institutions,
        institution,
        people,
        person,
        imports,
        jobs,
        batches,
        batch,
        rubric_editor,  # before rubrics: /rubrics/drafts/… is no rubric of that name
        rubrics,
        speech,
        accounts,
        notices,
        calendar,
        retention,
        erasures,
        audit,
    ):
        screen.register()
    app.add_api_route(
        "/",
        lambda: RedirectResponse(f"{MOUNT}/"),
        include_in_schema=False,
        dependencies=[Depends(Public("leads to the console"))],
    )
    ui.run_with(
        app,
        mount_path=MOUNT,
        title="会鉴",
        language="zh-CN",
        dark=None,
        show_welcome_message=False,
        # A telephone that changes cells comes back to the page it had: reloading would break its upload off.
        reconnect_timeout=30.0,
    )
    nicegui_app.add_middleware(kept_files.KeptFiles)
