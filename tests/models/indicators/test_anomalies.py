"""An office whose CT rate stays below its institution's: candidate causes and advice (R33)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from models.indicators.anomalies import (
    Factor,
    Limits,
    OfficeProfile,
    diagnose,
    institution_means,
    investigate,
    limits_of,
    persistently_below,
)
from models.indicators.parameters import Parameters, Setting

D = Decimal


def profile(
    new: str | None = "0.2", visits: str | None = "2", quality: str | None = "0.5", office_id: int = 1
) -> OfficeProfile:
    values = [None if value is None else D(value) for value in (new, visits, quality)]
    return OfficeProfile(office_id, f"{office_id}室", *values)


OTHERS = [
    profile(new, visits, quality)
    for new, visits, quality in (
        ("0.1", "1.5", "0.4"),
        ("0.2", "2.0", "0.5"),
        ("0.3", "2.5", "0.6"),
        ("0.2", "2.0", "0.5"),
    )
]


@pytest.mark.parametrize(
    ("office", "institution", "below"),
    [
        (["0.45", "0.45"], ["0.50", "0.50"], True),
        (["0.451", "0.45"], ["0.50", "0.50"], False),
        (["0.9", "0.1", "0.1"], ["0.5", "0.5", "0.5"], True),
        (["0.1"], ["0.5"], None),
        ([None, "0.1"], ["0.5", "0.5"], None),
        ([None, "0.5"], ["0.5", "0.5"], False),
        (["0.1", "0.1"], ["0.5", None], None),
    ],
)
def test_r33_persistently_is_two_months_running_by_five_points(
    office: list[str | None], institution: list[str | None], below: bool | None
) -> None:
    def rates(values: list[str | None]) -> list[Decimal | None]:
        return [None if value is None else D(value) for value in values]

    assert persistently_below(rates(office), rates(institution), limits=Limits()) is below


def test_r33_the_institutions_mean_is_that_of_the_known_offices() -> None:
    assert institution_means([(D("0.4"), None), (D("0.6"), None), (None, None)]) == (D("0.5"), None)


def test_r33_many_new_agents_few_joint_visits_and_weak_customers_are_candidate_causes() -> None:
    diagnosis = diagnose(profile("0.6", "0.5", "0.1"), OTHERS, limits=Limits())
    assert {cause.factor for cause in diagnosis.causes} == set(Factor)
    assert all(cause.sentence.startswith("可能原因：") for cause in diagnosis.causes)
    by_factor = {cause.factor: cause for cause in diagnosis.causes}
    assert by_factor[Factor.NEW_AGENTS].sentence == "可能原因：新人占比偏高（本室60%，同机构其他室平均20%）。"
    assert "衔接训" in by_factor[Factor.NEW_AGENTS].advice
    assert "每周陪访至少两次" in by_factor[Factor.JOINT_VISITS].advice
    assert "升温平台" in by_factor[Factor.CUSTOMER_QUALITY].advice
    scores = [abs(cause.z) for cause in diagnosis.causes if cause.z is not None]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 3


def test_r33_a_deviation_in_the_good_direction_is_no_cause() -> None:
    assert diagnose(profile("0.0", "9", "0.9"), OTHERS, limits=Limits()).causes == ()


def test_r33_less_than_one_deviation_is_no_cause() -> None:
    assert diagnose(profile("0.25", "1.8", "0.45"), OTHERS, limits=Limits()).causes == ()


def test_r33_with_fewer_than_five_offices_absolute_thresholds_decide() -> None:
    thresholds = {"new_agents": D("0.4"), "joint_visits": D(1)}
    diagnosis = diagnose(profile("0.6", "1", "0.1"), OTHERS[:3], limits=Limits(thresholds=thresholds))
    assert [(cause.factor, cause.z) for cause in diagnosis.causes] == [(Factor.NEW_AGENTS, None)]
    assert "参考线40%" in diagnosis.causes[0].sentence
    assert len(diagnosis.unknown) == 1
    assert "anomaly_threshold.customer_quality" in diagnosis.unknown[0]


def test_r33_offices_that_do_not_differ_give_no_z_and_leave_it_to_the_threshold() -> None:
    same = [profile() for _ in range(6)]
    assert len(diagnose(profile("0.6"), same, limits=Limits()).unknown) == 3
    decided = diagnose(profile("0.6"), same, limits=Limits(thresholds={"new_agents": D("0.4")}))
    assert [cause.factor for cause in decided.causes] == [Factor.NEW_AGENTS]


def test_r33_a_factor_without_data_is_unknown_not_guessed() -> None:
    diagnosis = diagnose(profile(None, None, None), OTHERS, limits=Limits(thresholds={"new_agents": D(0)}))
    assert diagnosis.causes == ()
    assert len(diagnosis.unknown) == 3


def test_r33_only_the_office_that_lags_is_investigated() -> None:
    profiles = [profile("0.6", office_id=1), *(profile(f"0.{n}", office_id=n) for n in (2, 3, 4, 5))]
    rates = {office.office_id: (D("0.5"), D("0.5")) for office in profiles} | {1: (D("0.2"), D("0.2"))}
    found = investigate(rates, profiles, limits=Limits())
    assert list(found) == [1]
    assert [cause.factor for cause in found[1].causes] == [Factor.NEW_AGENTS]


def test_r33_the_parameters_of_the_institution_override_the_defaults() -> None:
    def setting(code: str, value: str) -> Setting:
        return Setting(code, D(value), date(2026, 1, 1), 1)

    parameters = Parameters(
        [
            setting("anomaly.months", "3"),
            setting("anomaly.margin", "0.1"),
            setting("anomaly_threshold.joint_visits", "1.5"),
        ]
    )
    assert limits_of(parameters, path="/1/2/") == Limits(
        months=3, margin=D("0.1"), thresholds={"joint_visits": D("1.5")}
    )
    assert limits_of(parameters, path="/9/") == Limits()
