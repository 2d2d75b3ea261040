"""The application: routers by domain, problem+json, and the frame around every request."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from api import problems
from api.accounts.endpoints import router as accounts
from api.accounts.oidc import provider_of
from api.activities.endpoints import router as activities
from api.batches.endpoints import router as batches
from api.briefings.endpoints import router as briefings
from api.calibration.endpoints import router as calibration
from api.compliance.endpoints import router as compliance
from api.customers.endpoints import router as customers
from api.database import require_current
from api.documentation import DocumentedAPI
from api.frame import Frame
from api.imports.endpoints import router as imports
from api.indicators.endpoints import router as indicators
from api.jobs.endpoints import router as jobs
from api.limits import Limits
from api.management.endpoints import router as management
from api.meetings.endpoints import router as meetings
from api.minutes.endpoints import router as minutes
from api.navigator.endpoints import router as navigator
from api.operations.endpoints import router as operations
from api.operations.metrics import Metrics
from api.organisation.endpoints import router as organisation
from api.plans.endpoints import router as plans
from api.privacy.endpoints import router as privacy
from api.recordings.endpoints import router as recordings
from api.recordings.threads import EnterInTurn
from api.retention.endpoints import router as retention
from api.reviews.endpoints import router as reviews
from api.rubrics.endpoints import router as rubrics
from api.settings import Settings
from api.speech.endpoints import router as speech
from api.store import open_store
from api.toolbox.endpoints import router as toolbox
from api.webhooks.endpoints import router as webhooks
from api.webhooks.endpoints import sent
from models.database import connect

V1: Final = "/api/v1"
ROUTERS: Final[tuple[APIRouter, ...]] = (
    accounts,
    organisation,
    meetings,
    briefings,
    minutes,
    compliance,
    reviews,
    calibration,
    rubrics,
    speech,
    plans,
    indicators,
    customers,
    activities,
    management,
    navigator,
    toolbox,
    imports,
    privacy,
    recordings,
    retention,
    jobs,
    batches,
    webhooks,
)
"""Of every domain, in the order in which the documentation lists them."""
LARGEST_BODY: Final = 16 * 1024**2
"""Bytes of a request's body; routes that take files say their own ``max_body_size``."""


def create_app(settings: Settings, *, engine: Engine | None = None) -> FastAPI:
    """The service on the settings' database; raises InputError when that is not at its newest migration."""
    app = DocumentedAPI(
        title="会鉴 API",
        version="1",
        description="二会质检与经营规划：上传录音、查看结论、查询合规、管理计划与指标。",
        openapi_url=f"{V1}/openapi.json",
        docs_url=None,  # the usual page loads its scripts from elsewhere
        redoc_url=None,
    )
    equip(app, settings, engine or connect(settings.database))
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix=V1)
    app.include_router(operations)
    app.webhooks.include_router(sent)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY)
    app.add_middleware(EnterInTurn)
    app.add_middleware(Frame)
    return app


def equip(app: FastAPI, settings: Settings, engine: Engine) -> None:
    """Give the application what its routes find in ``request.app.state``."""
    require_current(engine)
    engine.hide_parameters = True  # errors of the database are logged, and names and phones are not
    app.state.engine = engine
    app.state.settings = settings
    app.state.store = open_store(settings.store, data_folder=settings.data_folder)
    app.state.limits = Limits(settings.requests_per_minute, engine=engine)
    app.state.metrics = Metrics()
    app.state.provider = provider_of(settings)
