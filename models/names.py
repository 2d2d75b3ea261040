"""The Chinese words for the model's values, as files, screens and messages show them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from models.activities.entry import PLATFORM_LABELS
from models.activities.tables import Platform
from models.calendar.tables import SpecialDay
from models.customers.tables import CustomerSource, InteractionKind, InventoryLabel
from models.indicators.tables import Aspect, Direction
from models.management.tables import ActionKind
from models.meetings.tables import ActionState, FindingKind, FollowUpOutcome, MeetingState, Presence, SlotName
from models.navigator.tables import RecommendationState
from models.organisation.tables import ManagerRole, PersonKind
from models.planning.approval import NAMES as PLAN_STATES
from models.planning.tables import PlanState
from models.toolbox.tables import ToolboxTable
from qa_pipeline import names
from qa_pipeline.values.vocabulary import Chapter, MeetingKind, Status, Theme, Verdict

WORDS: Final[Mapping[type[StrEnum], Mapping[Any, str]]] = {
    MeetingKind: names.KINDS,
    Theme: names.THEMES,
    Chapter: names.CHAPTERS,
    Status: names.STATUSES,
    Verdict: names.VERDICTS,
    SpecialDay: {SpecialDay.HOLIDAY: "法定节假日", SpecialDay.LIEU_WORKDAY: "调休工作日"},
    PersonKind: {PersonKind.AGENT: "外勤", PersonKind.STAFF: "内勤"},
    ManagerRole: {ManagerRole.ADMIN_MANAGER: "行政经理", ManagerRole.DEPUTY: "授权代理"},
    Direction: {Direction.HIGHER: "越高越好", Direction.LOWER: "越低越好"},
    Aspect: {Aspect.RESULT: "结果", Aspect.PROCESS: "过程"},
    SlotName: {
        SlotName.W1: "8日周复盘",
        SlotName.W2: "15日周复盘",
        SlotName.W3: "22日周复盘",
        SlotName.MP: "月规划",
    },
    MeetingState: {
        MeetingState.PLANNED: "待召开",
        MeetingState.HELD: "已召开",
        MeetingState.VOID: "不计",
    },
    Presence: {
        Presence.ON_SITE: "现场",
        Presence.REMOTE: "线上",
        Presence.LEAVE: "请假",
        Presence.ABSENT: "缺席",
    },
    FindingKind: {
        FindingKind.PRACTICE: "优秀实践",
        FindingKind.ISSUE: "问题",
        FindingKind.ADVICE: "建议",
    },
    ActionState: {
        ActionState.OPEN: "进行中",
        ActionState.KEPT: "已兑现",
        ActionState.BROKEN: "未兑现",
        ActionState.DROPPED: "已取消",
    },
    FollowUpOutcome: {
        FollowUpOutcome.KEPT: "已兑现",
        FollowUpOutcome.NOT_KEPT: "未兑现",
        FollowUpOutcome.NOT_MENTIONED: "未提及",
    },
    PlanState: PLAN_STATES,
    CustomerSource: {
        CustomerSource.WARM: "缘故",
        CustomerSource.REFERRAL: "转介绍",
        CustomerSource.EVENT: "活动",
        CustomerSource.OTHER: "其他",
    },
    InteractionKind: {
        InteractionKind.VISIT: "拜访",
        InteractionKind.CALL: "电话",
        InteractionKind.MESSAGE: "微信",
        InteractionKind.EVENT: "活动",
        InteractionKind.SERVICE: "服务",
        InteractionKind.REFERRAL: "转介绍",
    },
    InventoryLabel: {InventoryLabel.REGULAR: "普客", InventoryLabel.WARMING: "升温客户"},
    Platform: PLATFORM_LABELS,
    ActionKind: {
        ActionKind.GOAL_INTERVIEW: "目标面谈",
        ActionKind.CUSTOMER_INVENTORY: "客户盘点",
        ActionKind.PLATFORM_SETUP: "平台搭建",
        ActionKind.JOINT_VISIT: "陪访",
    },
    RecommendationState: {
        RecommendationState.OPEN: "待办",
        RecommendationState.DONE: "已完成",
        RecommendationState.DISMISSED: "不采纳",
        RecommendationState.SUPERSEDED: "已被取代",
    },
    ToolboxTable: {
        ToolboxTable.TIER_PRODUCTIVITY: "分层队伍产能",
        ToolboxTable.PREMIUM_PER_CUSTOMER: "客均保费贡献",
        ToolboxTable.PLATFORM_CONVERSION: "活动平台转化",
    },
}
