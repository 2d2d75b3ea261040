"""The Chinese names of the canonical ids, as every screen and report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from qa_pipeline.values.vocabulary import Act, Chapter, Dimension, MeetingKind, Status, Theme, Verdict

KINDS: Final[Mapping[MeetingKind, str]] = {
    MeetingKind.WEEKLY_REVIEW: "周复盘会",
    MeetingKind.MONTHLY_PLANNING: "月规划会",
}
THEMES: Final[Mapping[Theme, str]] = {
    Theme.SUPERVISOR_LEAD: "主管领跑周",
    Theme.SUPERVISOR_COACHING: "主管辅导周",
    Theme.RECRUITMENT_REVIEW: "招募检视周",
    Theme.MONTH_END_SPRINT: "月末冲刺周",
}
CHAPTERS: Final[Mapping[Chapter, str]] = {
    Chapter.OPENING: "开场",
    Chapter.STAGE_REVIEW: "阶段复盘",
    Chapter.MONTHLY_REVIEW: "月度复盘",
    Chapter.EXCELLENCE_SHARING: "优秀分享",
    Chapter.PROBLEM_DISCUSSION: "问题研讨",
    Chapter.NEXT_MONTH_PLAN: "下月规划",
    Chapter.NEXT_WEEK_PLAN: "下周安排",
    Chapter.CLOSING: "收尾",
    Chapter.OFF_TOPIC: "题外",
}
DIMENSIONS: Final[Mapping[Dimension, str]] = {
    Dimension.CONTENT: "内容完整性",
    Dimension.PROCESS: "流程规范性",
    Dimension.INTERACTION: "互动有效性",
}
ACTS: Final[Mapping[Act, str]] = {
    Act.ASK: "提问",
    Act.PROBE: "追问",
    Act.CHECK: "核对",
    Act.CAUSE: "归因",
    Act.MEASURE: "对策",
    Act.COMMIT: "承诺",
    Act.FOLLOWUP: "跟踪上次承诺",
    Act.PRACTICE: "做法",
    Act.RECOGNIZE: "认可",
    Act.EVADE: "回避",
    Act.SUMMARY: "总结",
    Act.GOAL: "目标与议程",
    Act.DATA: "数据",
}
STATUSES: Final[Mapping[Status, str]] = {
    Status.PASS: "通过",
    Status.WARN: "提醒",
    Status.FAIL: "不通过",
    Status.UNKNOWN: "未知",
}
VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.QUALIFIED: "合格",
    Verdict.NOT_QUALIFIED: "不合格",
    Verdict.NEEDS_REVIEW: "待人工复核",
}

INDICATORS: Final[Mapping[str, tuple[str, str]]] = {
    "regular_premium": ("期缴保费", "元"),
    "fyc": ("FYC", "元"),
    "own_fyc": ("本人FYC", "元"),
    "headcount": ("在职人力", "人"),
    "mean_headcount": ("月均人力", "人"),
    "u_headcount": ("U人力", "人"),
    "u_rate": ("U率", "%"),
    "active_headcount": ("出单人力", "人"),
    "activity_rate": ("活动率", "%"),
    "ct_attained": ("达CT室数", "室"),
    "ct_rate": ("CT率", "%"),
    "customers": ("成交客户", "户"),
    "new_agents": ("新增人力", "人"),
    "new_agent_fyc": ("新人FYC", "元"),
    "ct_progress": ("CT进度", "%"),
    "visits": ("拜访量", "次"),
    "closes": ("成交量", "件"),
    "premium_per_close": ("件均保费", "元"),
    "warm_customers": ("缘故客户", "户"),
    "referrals": ("转介绍", "户"),
    "joint_visits": ("陪访次数", "次"),
    "invitations": ("邀约客户", "户"),
    "arrivals": ("到场客户", "户"),
    "platform_events": ("平台活动", "场"),
    "training_referral": ("送训", "人次"),
    "training_rate": ("送训室率", "%"),
}
"""Indicator -> (name, unit): those of the indicator model whose figures meetings say aloud."""
