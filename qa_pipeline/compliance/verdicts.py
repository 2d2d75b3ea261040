"""The three verdicts: held on time, by the people who must be there, and well enough.

What is not known stays unknown with its reason and disqualifies nobody. A verdict is the worst of its checks;
it is unknown when one of the checks it stands on (``_NEEDED``) is, and a lesser check that is unknown is only
mentioned.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from qa_pipeline.compliance.calendar import (
    LIBRARY_ALONE,
    ImportedDays,
    Slot,
    distance,
    is_known,
    merges,
    slot_for,
)
from qa_pipeline.findings.attendance import came
from qa_pipeline.names import THEMES
from qa_pipeline.rubric.scorer import straddles
from qa_pipeline.values.compliance import Check, Compliance, ComplianceVerdict
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Findings
from qa_pipeline.values.recording import Recording
from qa_pipeline.values.scorecard import Listen, Scorecard
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import MeetingKind, Status, Verdict
from qa_pipeline.values.written import clock, percent, points

PREFERRED_BEFORE: Final = time(12, 0)
"""R5: a start before noon is preferred …"""
LATEST_START: Final = time(17, 0)
"""… and by 17:00 still right; later is a warning (the rule says "in principle")."""
MINUTES_NEEDED: Final = 30.0
"""R6: the meeting must be strictly longer than this."""
RECORDED_SHARE: Final = 0.95
"""R7: the recording must cover at least this share of the meeting."""
ATTENDANCE_FLOOR: Final = 0.90
"""R9: below this share of the expected supervisors the meeting fails."""
SPEECH_MINUTES: Final = "speech_minutes"
"""The measure R6 reads: minutes between the first and the last speech, silence at both ends cut off."""

_WORST: Final = (Status.FAIL, Status.WARN, Status.PASS)
_NEEDED: Final = {"on_time": ("R3", "R6"), "on_roster": ("R9",), "on_quality": ("R11",)}


def judge(
    facts: MeetingFacts,
    *,
    recording: Recording | None,
    transcript: Transcript,
    findings: Findings,
    scorecard: Scorecard,
    imported: ImportedDays = LIBRARY_ALONE,
) -> Compliance:
    """The three verdicts with their reasons, and the overall verdict (R1-R9, R11, R24).

    Qualified = energy at or above the pass line, no critical, no compliance check failed. A band that
    straddles the line, a critical that freezes the result, or a quality that cannot be told go to a person.
    ``imported``: special days entered for years that the holiday library does not know.
    """
    slot = _slot(facts, imported)
    on_time = _verdict(
        "on_time",
        (
            _window(facts, slot, imported),
            _theme(facts, slot),
            _start(facts),
            _length(findings),
            _recorded(facts, recording),
            _prepared(facts),
        ),
    )
    on_roster = _verdict("on_roster", (_host(facts), *_attendance(facts)))
    on_quality = _verdict("on_quality", _quality(scorecard))
    return Compliance(
        on_time=on_time,
        on_roster=on_roster,
        on_quality=on_quality,
        verdict=_overall(scorecard, (on_time, on_roster, on_quality)),
        slot=slot.id if slot else None,
    )


# ---------------------------------------------------------------- on time


def _slot(facts: MeetingFacts, imported: ImportedDays) -> Slot | None:
    if facts.meeting_date is None or facts.kind is None:
        return None
    return slot_for(facts.meeting_date, facts.kind, facts.theme, imported)


def _window(facts: MeetingFacts, slot: Slot | None, imported: ImportedDays) -> Check:
    """R1-R3: inside the slot's legal window; never later."""
    day = facts.meeting_date
    if day is None:
        return _unknown("R3", "未提供会议日期，无法判断是否按时召开")
    if facts.kind is None:
        return _unknown("R3", "未提供会议类型（周复盘会或月规划会），无法判断是否按时召开")
    if slot is None or slot.earliest is None or slot.latest is None:
        year = day.year if slot is None else slot.base.year
        told = is_known(year, imported)
        missing = "相邻年度的节假日安排尚未收录" if told else f"{year} 年的法定节假日安排尚未收录"
        return _unknown("R3", f"{missing}，无法判断是否按时召开；请更新节假日数据后重新质检")
    base = f"{slot.base:%m-%d}" if slot.kind == MeetingKind.WEEKLY_REVIEW else "27日至月末"
    if distance(day, slot) == 0:
        moved = slot.kind == MeetingKind.WEEKLY_REVIEW and day != slot.base
        note = f"（基准日 {base} 遇休息日或撞期，提前召开）" if moved else ""
        return _pass("R3", f"{day} 召开，在 {slot.id} 的召开窗口内{note}")
    if merges(day, slot):
        return _warn("R3", f"{day} 与下一场合并召开：{slot.collision}")
    days = distance(day, slot)
    if day > slot.latest:
        return _fail(
            "R3", f"{day} 召开，晚于 {slot.id} 的最迟日期 {slot.latest} {days} 天（遇节假日只能提前）"
        )
    rule = "R1" if slot.kind == MeetingKind.WEEKLY_REVIEW else "R2"
    return _fail(rule, f"{day} 召开，早于 {slot.id} 的最早日期 {slot.earliest} {days} 天（基准日 {base}）")


def _theme(facts: MeetingFacts, slot: Slot | None) -> Check:
    """R4: the theme belongs to the slot."""
    if facts.theme is None or slot is None:
        return _unknown("R4", "未提供会议主题或召开场次，未核对主题")
    if facts.theme == slot.theme:
        return _pass("R4", f"主题“{THEMES[slot.theme]}”与场次 {slot.id} 一致")
    return _warn("R4", f"{slot.id} 的主题应为“{THEMES[slot.theme]}”，会议主题为“{THEMES[facts.theme]}”")


def _start(facts: MeetingFacts) -> Check:
    """R5: before 12:00 preferred, by 17:00 right, later a warning; the start counts, not the end."""
    start = facts.start_time
    if start is None:
        return _unknown("R5", "未提供开始时间")
    if start < PREFERRED_BEFORE:
        return _pass("R5", f"{start:%H:%M} 开始，12:00 前召开为佳")
    if start <= LATEST_START:
        return _pass("R5", f"{start:%H:%M} 开始，不晚于 17:00")
    return _warn("R5", f"{start:%H:%M} 开始，晚于 17:00（原则上不晚于 17:00）")


def _length(findings: Findings) -> Check:
    """R6: strictly longer than 30:00, from the first to the last speech."""
    measure = findings.measures.get(SPEECH_MINUTES)
    if measure is None or measure.value is None:
        reason = measure.reason if measure and measure.reason else "没有可用的语音时间"
        return _unknown("R6", f"无法测量会议时长：{reason}")
    length = _clock(measure.value)
    if measure.value > MINUTES_NEEDED:
        return _pass("R6", f"会议净时长 {length}，大于 30 分钟")
    return _fail("R6", f"会议净时长 {length}，须大于 30:00（从首句到末句语音）")


def _recorded(facts: MeetingFacts, recording: Recording | None) -> Check:
    """R7: the recording covers at least 95 % of the meeting."""
    if recording is None:
        return _unknown("R7", "没有录音文件，未核对全程录音")
    if facts.meeting_minutes is None:
        return _unknown("R7", "未提供实际会议时长，未核对全程录音")
    share = sum(part.duration for part in recording.parts) / 60 / facts.meeting_minutes
    if share >= RECORDED_SHARE:
        return _pass("R7", f"录音覆盖会议的 {percent(min(share, 1.0))}")
    return _fail("R7", f"录音只覆盖会议的 {percent(share)}，须全程录音（不低于 95%）")


def _prepared(facts: MeetingFacts) -> Check:
    """R24: theme, time, goal and flow are laid down before the meeting starts."""
    if facts.prepared_at is None or facts.meeting_date is None or facts.start_time is None:
        return _unknown("R24", "未提供会前准备时间")
    if facts.prepared_at < datetime.combine(facts.meeting_date, facts.start_time):
        return _pass("R24", f"会前已准备（{facts.prepared_at:%Y-%m-%d %H:%M}）")
    return _warn(
        "R24", f"准备于 {facts.prepared_at:%Y-%m-%d %H:%M}，不早于会议开始；会前应明确主题、时间、目标、流程"
    )


# ---------------------------------------------------------------- on roster


def _host(facts: MeetingFacts) -> Check:
    """R8: hosted by the day's administrative manager; by an authorised deputy is a warning."""
    if facts.host is None:
        return _unknown("R8", "未提供主持人")
    if facts.host == facts.admin_manager:
        return _pass("R8", f"行政经理{facts.host}主持")
    if facts.host in facts.deputies:
        return _warn("R8", f"授权代理{facts.host}主持，非行政经理本人")
    if facts.admin_manager is None:
        return _unknown("R8", f"主持人{facts.host}，未提供当日行政经理")
    return _fail("R8", f"主持人{facts.host}不是当日行政经理{facts.admin_manager}，也不在授权代理之列")


def _attendance(facts: MeetingFacts) -> tuple[Check, ...]:
    """R9: attendance of the supervisors and above; leave is listed apart, and stays in the denominator."""
    expected, there = facts.expected_attendees, came(facts)
    if expected is None or there is None:
        missing = "应到" if expected is None else "实到"
        return (_unknown("R9", f"未提供{missing}人数，无法计算参会率"), *_on_site(facts))
    count, absent = there
    rate = count / expected.count
    told = f"应到 {expected.count} 人，实到 {count} 人，参会率 {percent(rate)}"
    if absent:
        told += "；缺席：" + "、".join(f"{n}（请假）" if n in facts.on_leave else n for n in absent)
    elif rate < 1 and facts.on_leave:
        told += "；请假：" + "、".join(facts.on_leave)
    if rate >= 1:
        check = _pass("R9", told)
    elif rate >= ATTENDANCE_FLOOR:
        check = _warn("R9", told)
    else:
        check = _fail("R9", f"{told}（低于 90%）")
    return (check, *_on_site(facts))


def _on_site(facts: MeetingFacts) -> tuple[Check, ...]:
    """R9: the share of those due who were there in person, told apart; it decides nothing."""
    due = facts.expected_attendees or facts.attendees
    if facts.on_site is None or due is None or due.count == 0:
        return ()
    share = min(1.0, facts.on_site / due.count)
    return (_pass("R9", f"现场 {facts.on_site} 人，现场参会率 {percent(share)}"),)


# ---------------------------------------------------------------- on quality


def _quality(scorecard: Scorecard) -> tuple[Check, ...]:
    """R11: the energy score reaches the pass line; criticals stop the meeting whatever its score."""
    checks = [_energy(scorecard)]
    for critical in scorecard.criticals:
        if critical.review:
            listen = scorecard.listen
            where = f"：先听 {listen_to(listen)}" if listen and listen.id == critical.id else ""
            checks.append(_warn("R11", f"{critical.label}：{critical.reason}（结论冻结，转人工复核{where}）"))
        else:
            checks.append(_fail("R11", f"{critical.label}：{critical.reason}"))
    return tuple(checks)


def _energy(scorecard: Scorecard) -> Check:
    score, (low, high), line = scorecard.energy_score, scorecard.band, scorecard.pass_line
    if _unscored(scorecard):
        return _unknown("R11", "没有可评分的项目，能量值未知")
    told = f"能量值 {points(score)}"
    if straddles(scorecard):
        told = f"{told}，误差范围 {points(low)}–{points(high)} 跨合格线 {line:g}，须人工复核"
        return _warn("R11", told + (f"：先听 {listen_to(scorecard.listen)}" if scorecard.listen else ""))
    if score >= line:
        return _pass("R11", f"{told}，达到合格线 {line:g}")
    return _fail("R11", f"{told}，低于合格线 {line:g}")


def listen_to(passage: Listen) -> str:
    """The one passage to hear, as a sentence: 12:31–12:55，「追问」只有 52% 的把握……"""
    return f"{clock(passage.start)}–{clock(passage.end)}，{passage.reason}"


def _unscored(scorecard: Scorecard) -> bool:
    scored = any(most > 0 for _, most in scorecard.dimensions.values())
    return math.isnan(scorecard.energy_score) or not scored


# ---------------------------------------------------------------- overall


def _overall(scorecard: Scorecard, verdicts: Sequence[ComplianceVerdict]) -> Verdict:
    if any(critical.review for critical in scorecard.criticals):
        return Verdict.NEEDS_REVIEW
    # A failed check stands whatever the energy score turns out to be after review.
    if any(verdict.status == Status.FAIL for verdict in verdicts):
        return Verdict.NOT_QUALIFIED
    if _unscored(scorecard) or straddles(scorecard):
        return Verdict.NEEDS_REVIEW
    return Verdict.QUALIFIED


def _verdict(name: str, checks: Sequence[Check]) -> ComplianceVerdict:
    known = [check for check in checks if check.status != Status.UNKNOWN]
    missing = [c for c in checks if c.status == Status.UNKNOWN and c.rule in _NEEDED[name]]
    failed = [check for check in known if check.status == Status.FAIL]
    if missing and not failed:
        return ComplianceVerdict(
            status=Status.UNKNOWN, reason="；".join(c.reason for c in missing), checks=tuple(checks)
        )
    status = next((s for s in _WORST if any(c.status == s for c in known)), Status.UNKNOWN)
    telling = [c.reason for c in known if c.status == status]
    return ComplianceVerdict(
        status=status, reason="；".join(reason.rstrip("。") for reason in telling), checks=tuple(checks)
    )


def _pass(rule: str, reason: str) -> Check:
    return Check(rule=rule, status=Status.PASS, reason=reason)


def _warn(rule: str, reason: str) -> Check:
    return Check(rule=rule, status=Status.WARN, reason=reason)


def _fail(rule: str, reason: str) -> Check:
    return Check(rule=rule, status=Status.FAIL, reason=reason)


def _unknown(rule: str, reason: str) -> Check:
    return Check(rule=rule, status=Status.UNKNOWN, reason=reason)


def _clock(minutes: float) -> str:
    """Minutes and seconds, rounded down; tenths only beside the line, lest 30:00.5 read as 30:00."""
    tenths = int(round(minutes * 600, 6))
    whole = f"{tenths // 600}:{tenths // 10 % 60:02}"
    return f"{whole}.{tenths % 10}" if tenths // 10 == MINUTES_NEEDED * 60 and tenths % 10 else whole


# ---------------------------------------------------------------- across meetings


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many of the institutions that must hold a slot's meeting did: ``rate`` is None when none must."""

    slot: str
    must_hold: int
    held: int
    missing: tuple[str, ...]
    rate: float | None
    status: Status


def coverage(slot: str, *, must_hold: Collection[str], held: Collection[str]) -> Coverage:
    """R10: institutions with a valid meeting in this slot / those that must hold one; names the missing.

    Meetings of institutions that need not hold one do not count.
    """
    needed = sorted(set(must_hold))
    done = set(held)
    missing = tuple(name for name in needed if name not in done)
    if not needed:
        return Coverage(slot=slot, must_hold=0, held=0, missing=(), rate=None, status=Status.UNKNOWN)
    came = len(needed) - len(missing)
    return Coverage(
        slot=slot,
        must_hold=len(needed),
        held=came,
        missing=missing,
        rate=came / len(needed),
        status=Status.WARN if missing else Status.PASS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRate:
    """How many of the meetings held were inspected: ``rate`` is None when none was held."""

    held: int
    inspected: int
    missing: tuple[str, ...]
    rate: float | None
    status: Status


def inspection_rate(*, held: Collection[str], inspected: Collection[str]) -> InspectionRate:
    """R12: every meeting held is inspected: inspected / held = 100 %; names those left out."""
    meetings = sorted(set(held))
    done = set(inspected)
    missing = tuple(name for name in meetings if name not in done)
    if not meetings:
        return InspectionRate(held=0, inspected=0, missing=(), rate=None, status=Status.UNKNOWN)
    seen = len(meetings) - len(missing)
    return InspectionRate(
        held=len(meetings),
        inspected=seen,
        missing=missing,
        rate=seen / len(meetings),
        status=Status.WARN if missing else Status.PASS,
    )
