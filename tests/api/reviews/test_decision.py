"""What a person's decision makes of the machine's inspection, and which results are drawn as samples."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from api.reviews.decision import Override, decided, judged
from api.reviews.service import is_sampled
from qa_pipeline.errors import InputError
from qa_pipeline.values.compliance import ComplianceVerdict
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.vocabulary import Status, Verdict
from tests.api.results import good


def met(inspection: Inspection) -> Inspection:
    """The good meeting with nothing failed beside its quality."""
    fine = ComplianceVerdict(status=Status.PASS, reason="")
    return replace(inspection, compliance=replace(inspection.compliance, on_time=fine, on_roster=fine))


def decide(machine: Inspection, verdict: Verdict, *overrides: Override) -> Inspection:
    return decided(machine, verdict=verdict, reason="复听", overrides=overrides, by="qa")


def nought(inspection: Inspection) -> list[Override]:
    counted = [item for item in inspection.scorecard.items if item.level is not None]
    return [Override(item=item.id, score=Decimal(0), reason="没有") for item in counted]


def test_overridden_points_are_added_up_again_and_the_band_closes() -> None:
    machine = met(good())
    item = next(item for item in machine.scorecard.items if item.level)
    person = decide(machine, Verdict.QUALIFIED, Override(item=item.id, score=Decimal(0), reason="没有"))
    card = person.scorecard
    counted = [i for i in card.items if i.level is not None]
    assert card.energy_score == pytest.approx(
        100 * sum(i.score for i in counted) / sum(i.max for i in counted), abs=0.01
    )
    assert card.energy_score < machine.scorecard.energy_score
    assert card.band == (card.energy_score, card.energy_score)
    assert next(i for i in card.items if i.id == item.id).status == "missed"
    assert person.compliance.verdict == Verdict.QUALIFIED
    assert person.compliance.on_quality.reason == "人工复核（qa）：复听"
    changed = Override(item=item.id, score=Decimal(0), reason="没有")
    assert judged(machine, person, overrides=[changed], confirmed=[]) == {item.id: [item.status, "missed"]}
    other = next(one for one in counted if one.id != item.id)
    assert judged(machine, person, overrides=[], confirmed=[other.id]) == {other.id: [other.status] * 2}
    assert machine.scorecard == met(good()).scorecard


def test_r11_below_the_line_nobody_is_qualified() -> None:
    machine = met(good())
    with pytest.raises(InputError, match="仍低于合格线"):
        decide(machine, Verdict.QUALIFIED, *nought(machine))
    person = decide(machine, Verdict.NOT_QUALIFIED, *nought(machine))
    assert (person.scorecard.energy_score, person.compliance.on_quality.status) == (0, Status.FAIL)


def test_facts_that_failed_are_not_overruled_here() -> None:
    late = ComplianceVerdict(status=Status.FAIL, reason="迟开")
    machine = met(good())
    machine = replace(machine, compliance=replace(machine.compliance, on_time=late))
    with pytest.raises(InputError, match="按时召开不通过"):
        decide(machine, Verdict.QUALIFIED)
    assert decide(machine, Verdict.NOT_QUALIFIED).compliance.on_quality.status == Status.PASS


def test_overrides_that_do_not_fit_are_refused() -> None:
    machine = met(good())
    item = machine.scorecard.items[0]
    override = Override(item=item.id, score=Decimal(0), reason="x")
    with pytest.raises(InputError, match="改了两次分"):
        decide(machine, Verdict.NOT_QUALIFIED, override, override)
    with pytest.raises(InputError, match="没有项 ZZ"):
        decide(machine, Verdict.NOT_QUALIFIED, replace(override, item="ZZ"))
    with pytest.raises(InputError, match="得分须在 0 到"):
        decide(machine, Verdict.NOT_QUALIFIED, replace(override, score=Decimal(100)))
    with pytest.raises(InputError, match="合格或不合格"):
        decide(machine, Verdict.NEEDS_REVIEW)


def test_the_sample_is_about_one_in_twenty_and_always_the_same() -> None:
    drawn = [code for code in (f"M{number}" for number in range(2000)) if is_sampled(code)]
    assert 60 <= len(drawn) <= 140
    assert drawn == [code for code in (f"M{number}" for number in range(2000)) if is_sampled(code)]
