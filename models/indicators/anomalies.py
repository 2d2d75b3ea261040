"""Why a sales office's CT rate may stay below its institution's mean, and what to do about it (R33)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from statistics import mean, pstdev
from typing import Final

from models.indicators.parameters import Parameters

ANOMALY_THRESHOLD: Final = "anomaly_threshold."
"""Prefix of the parameters with the absolute thresholds, for example ``anomaly_threshold.joint_visits``."""


class Factor(StrEnum):
    """What may explain a low CT rate; its advice is that of the dossier, section 3."""

    NEW_AGENTS = "new_agents"
    JOINT_VISITS = "joint_visits"
    CUSTOMER_QUALITY = "customer_quality"


@dataclass(frozen=True, slots=True)
class _Reading:
    label: str
    bad: str
    advice: str
    worse_when_high: bool
    is_share: bool


READINGS: Final[Mapping[Factor, _Reading]] = {
    Factor.NEW_AGENTS: _Reading(
        "新人占比", "偏高", "安排新人衔接训，对新人的陪访次数加倍。", worse_when_high=True, is_share=True
    ),
    Factor.JOINT_VISITS: _Reading(
        "人均陪访",
        "偏少",
        "主管每周陪访至少两次，并把陪访排进行事历。",
        worse_when_high=False,
        is_share=False,
    ),
    Factor.CUSTOMER_QUALITY: _Reading(
        "客户质量",
        "偏低",
        "举办升温平台活动，向老客户要转介绍，每周做一次客户盘点。",
        worse_when_high=False,
        is_share=True,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What counts as an anomaly; the dossier's defaults, which parameters ``anomaly.<field>`` override."""

    months: int = 2
    """持续低于: this many consecutive months ..."""
    margin: Decimal = Decimal("0.05")
    """... each by at least this share."""
    z: Decimal = Decimal(1)
    """|z| from which a factor is a candidate cause."""
    min_offices: int = 5
    """With fewer offices, z scores say nothing and the absolute thresholds decide."""
    thresholds: Mapping[str, Decimal] = field(default_factory=dict)
    """The absolute threshold of each factor that has one."""


def limits_of(parameters: Parameters, *, path: str) -> Limits:
    """The limits that hold for the institution of the path."""
    given = parameters.group("anomaly.", path=path)
    standard = Limits()
    return Limits(
        months=int(given.get("months", standard.months)),
        margin=given.get("margin", standard.margin),
        z=given.get("z", standard.z),
        min_offices=int(given.get("min_offices", standard.min_offices)),
        thresholds=parameters.group(ANOMALY_THRESHOLD, path=path),
    )


@dataclass(frozen=True, slots=True)
class OfficeProfile:
    """The factors of one office: 新人占比, 人均陪访 (times a head), HH+HL 占比. None: not known."""

    office_id: int
    name: str
    new_agents: Decimal | None
    joint_visits: Decimal | None
    customer_quality: Decimal | None

    def factor(self, factor: Factor) -> Decimal | None:
        values = {
            Factor.NEW_AGENTS: self.new_agents,
            Factor.JOINT_VISITS: self.joint_visits,
            Factor.CUSTOMER_QUALITY: self.customer_quality,
        }
        return values[factor]


@dataclass(frozen=True, slots=True)
class Cause:
    """A candidate cause. ``z`` is None when an absolute threshold decided."""

    factor: Factor
    value: Decimal
    z: Decimal | None
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The candidates, the strongest first, and a sentence for each factor that could not be judged."""

    causes: tuple[Cause, ...]
    unknown: tuple[str, ...]


def persistently_below(
    office: Sequence[Decimal | None],
    institution: Sequence[Decimal | None],
    *,
    limits: Limits,
) -> bool | None:
    """Whether each of the last months' CT rates (oldest first) was that much below the institution's mean.

    One month known to be near enough settles it; otherwise an unknown month, or too few, gives None.
    """
    pairs = list(zip(office[-limits.months :], institution[-limits.months :], strict=True))
    below = [None if own is None or all_ is None else all_ - own >= limits.margin for own, all_ in pairs]
    if False in below:
        return False
    return None if None in below or len(below) < limits.months else True


def institution_means(offices: Sequence[Sequence[Decimal | None]]) -> tuple[Decimal | None, ...]:
    """Mean of the offices' known CT rates, month by month; None where no office has one."""
    months = [[rate for rate in month if rate is not None] for month in zip(*offices, strict=True)]
    return tuple(mean(rates) if rates else None for rates in months)


def investigate(
    rates: Mapping[int, Sequence[Decimal | None]], profiles: Sequence[OfficeProfile], *, limits: Limits
) -> dict[int, Diagnosis]:
    """A diagnosis of each office whose CT rate is persistently below its institution's mean, by its key.

    ``rates``: every office's CT rates of the same months, oldest first, as `StandingRepository.ct_rates`.
    """
    means = institution_means(list(rates.values()))
    return {
        office.office_id: diagnose(
            office, [other for other in profiles if other.office_id != office.office_id], limits=limits
        )
        for office in profiles
        if persistently_below(rates[office.office_id], means, limits=limits)
    }


def diagnose(office: OfficeProfile, others: Sequence[OfficeProfile], *, limits: Limits) -> Diagnosis:
    """Candidate causes: each factor's z among the other offices of the institution, in the bad direction.

    With fewer than five offices that know the factor, or others that do not differ at all, the factor's
    absolute threshold decides. Without one the factor is unknown.
    """
    causes: list[Cause] = []
    unknown: list[str] = []
    for factor, reading in READINGS.items():
        value = office.factor(factor)
        if value is None:
            unknown.append(f"{reading.label}：本室没有数据，无法判断。")
            continue
        peers = [peer for other in others if (peer := other.factor(factor)) is not None]
        spread = pstdev(peers) if len(peers) + 1 >= limits.min_offices else Decimal(0)
        threshold = limits.thresholds.get(factor)
        if spread:
            z = (value - mean(peers)) / spread
            if (z if reading.worse_when_high else -z) >= limits.z:
                basis = f"本室{_say(value, reading)}，同机构其他室平均{_say(mean(peers), reading)}"
                causes.append(_cause(factor, value, z, basis))
        elif threshold is None:
            unknown.append(
                f"{reading.label}：可比的营业室不足{limits.min_offices}个或彼此无差异，又没有设置参数 "
                f"{ANOMALY_THRESHOLD}{factor}，无法判断。"
            )
        elif value > threshold if reading.worse_when_high else value < threshold:
            basis = f"本室{_say(value, reading)}，参考线{_say(threshold, reading)}"
            causes.append(_cause(factor, value, None, basis))
    causes.sort(key=lambda cause: -abs(cause.z or Decimal(0)))
    return Diagnosis(tuple(causes), tuple(unknown))


def _cause(factor: Factor, value: Decimal, z: Decimal | None, basis: str) -> Cause:
    reading = READINGS[factor]
    return Cause(factor, value, z, f"可能原因：{reading.label}{reading.bad}（{basis}）。", reading.advice)


def _say(value: Decimal, reading: _Reading) -> str:
    return f"{value * 100:.0f}%" if reading.is_share else f"{value:.1f}次"
