"""The standard indicators (dossier sections 1 and 3): what a new installation starts with.

A changed meaning is a new version beside the old one: append it here with its first day, and run
`IndicatorRepository.define` again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from models.indicators.tables import Aspect, Direction

RATE_UNIT: Final = "%"
"""Unit of the indicators whose value is a share (1 = 100 %); they cannot be summed or split."""
U_INDICATOR: Final = "fyc"
"""What the parameter ``u_threshold`` is compared with."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What an indicator of one version means, from a day on."""

    code: str
    name: str
    unit: str
    aspect: Aspect
    formula: str
    version: int = 1
    direction: Direction = Direction.HIGHER
    valid_from: date = date(2000, 1, 1)


def _result(code: str, name: str, unit: str, formula: str) -> Definition:
    return Definition(code, name, unit, Aspect.RESULT, formula)


def _process(code: str, name: str, unit: str, formula: str) -> Definition:
    return Definition(code, name, unit, Aspect.PROCESS, formula)


CATALOGUE: Final = (
    _result("regular_premium", "期缴保费", "元", "Σ承保期交−犹豫期撤单，自月初累计；预收另列"),
    _result("fyc", "FYC", "元", "Σ首年保费×佣金率，自月初累计"),
    _result("own_fyc", "本人FYC", "元", "主管本人的FYC，自月初累计"),
    _result("headcount", "在职人力", "人", "统计日在职的外勤人数"),
    _result("mean_headcount", "月均人力", "人", "(期初人力+期末人力)/2"),
    _result("u_headcount", "U人力", "人", "当月FYC达到绩优标准(u_threshold)的人数；个人为1或0"),
    _result("u_rate", "U率", RATE_UNIT, "U人力/月均人力"),
    _result("active_headcount", "出单人力", "人", "当月有期缴新单的人数；个人为1或0"),
    _result("activity_rate", "活动率", RATE_UNIT, "出单人力/月均人力"),
    _result("ct_attained", "达CT室数", "室", "CT进度达到1的营业室数；营业室为1或0"),
    _result("ct_rate", "CT率", RATE_UNIT, "机构：达CT室数/考核室数；单室：滚动6月达CT月数/考核月数"),
    _result("customers", "成交客户", "户", "当月有期缴新单的客户数"),
    _result("new_agents", "新增人力", "人", "当月入职的外勤人数"),
    _result("new_agent_fyc", "新人FYC", "元", "司龄不超过12个月者的FYC，自月初累计"),
    _process("ct_progress", "CT进度", RATE_UNIT, "min(实际/阈值)，对CT标准的每一项取最小"),
    _process("visits", "拜访量", "次", "自月初累计的拜访次数"),
    _process("closes", "成交量", "件", "自月初累计的成交件数"),
    _result("premium_per_close", "件均保费", "元", "期缴保费/成交量"),
    _process("warm_customers", "缘故客户", "户", "自月初累计的缘故客户数"),
    _process("referrals", "转介绍", "户", "自月初累计的转介绍客户数"),
    _process("joint_visits", "陪访次数", "次", "自月初累计、有记录和复盘的陪访次数"),
    _process("invitations", "邀约客户", "户", "自月初累计的平台活动邀约客户数"),
    _process("arrivals", "到场客户", "户", "自月初累计的平台活动到场客户数"),
    _process("platform_events", "平台活动", "场", "自月初累计的三类平台活动场数"),
    _process("training_referral", "送训", "人次", "自月初累计的送准增员参加岗前班人次"),
    _process("training_rate", "送训室率", RATE_UNIT, "有送训的营业室/营业室"),
)
