"""The whole organisation, written in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.demo_org.activities import plan_events, write_events
from models.demo_org.extent import EXTENTS, Size, Timeline
from models.demo_org.management import build_actions
from models.demo_org.meetings import build_meetings
from models.demo_org.observations import Company, Recorder, observe, observe_above
from models.demo_org.people import build_people
from models.demo_org.planning import Plans, build_company_plans, build_plans
from models.demo_org.production import build_production
from models.demo_org.staff import write_upper_staff
from models.demo_org.tree import build_tree
from models.demo_org.warmth import build_warmth
from models.demo_org.writer import Writer
from models.indicators.repository import IndicatorRepository
from models.indicators.tables import Indicator, Parameter
from models.organisation.tables import Institution, Person, Rank
from qa_pipeline.errors import InputError

FEWEST_MONTHS = 2
MOST_MONTHS = 36


def generate(
    engine: Engine,
    *,
    seed: int,
    size: Size,
    until: date,
    months: int = 12,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Fill a database that holds no organisation yet with one; all of it or, after an error, nothing.

    The same seed, size, months and last day give the same rows. ``progress`` hears the level-4 institutions
    done and in all. Raises InputError for a database in use, or a number of months out of range.
    """
    if not FEWEST_MONTHS <= months <= MOST_MONTHS:
        raise InputError(f"月数 {months} 无效：请填写 {FEWEST_MONTHS}–{MOST_MONTHS} 之间的整数。")
    extent, timeline = EXTENTS[size], Timeline(until, months)
    with Session(engine) as session, session.begin():
        if any(session.scalar(select(table.id).limit(1)) for table in (Institution, Rank, Person, Parameter)):
            raise InputError(
                "数据库里已有机构、职级、人员或参数，示例机构只能写入空的数据库：请用 --database 另给一个。"
            )
        IndicatorRepository(session).define()
        indicators = {
            row.code: row.id for row in session.scalars(select(Indicator).order_by(Indicator.version))
        }
        writer = Writer(session.connection())
        tree = build_tree(writer, extent, timeline, seed=seed)
        write_upper_staff(writer, tree, seed=seed)
        company, plans = Company(), Plans(timeline, extent, indicators)
        recorder = Recorder(writer, timeline, indicators)
        for number, place in enumerate(tree.leaves):
            progress(number, extent.institutions)
            crew = build_people(writer, tree, place, timeline, seed=seed)
            production = build_production(writer, crew, timeline, extent, seed=seed)
            events = plan_events(crew, production, timeline, seed=seed)
            came = [(event.day, event.invited[event.came]) for event in events if event.held(timeline)]
            warmth = build_warmth(writer, crew, production, timeline, extent, events=came, seed=seed)
            keys = write_events(writer, crew, production, events, warmth, timeline, extent, seed=seed)
            joint = build_actions(writer, crew, production, events, keys, timeline, extent, seed=seed)
            figures = observe(recorder, company, crew, production, joint, events, seed=seed)
            build_meetings(writer, crew, timeline, seed=seed)
            build_plans(writer, tree, crew, figures, plans, seed=seed)
        build_company_plans(writer, tree, plans)
        observe_above(recorder, company, tree.places, tree.leaves)
        writer.finish()
        progress(extent.institutions, extent.institutions)
