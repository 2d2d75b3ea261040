"""The audit trail: who saw or changed what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.accounts.audit_repository import AuditFilter, AuditRepository
from api.console import listing, parts, when
from api.console.accounts import PERMISSIONS, ROLES
from api.console.commitments import STATES
from api.console.frame import View, screen
from api.console.jobs import STAGES
from api.console.listing import Column, Field, Html
from api.console.notices import CHANNELS
from api.console.toolbox import TABLES
from api.glossary import WORDS
from api.pages import page
from api.validation import first_words
from models.activities.volumes import Side
from models.base import SHANGHAI
from qa_pipeline.errors import InputError
from qa_pipeline.names import VERDICTS
from qa_pipeline.report.wording import OUTCOMES

PATH: Final = "/audit"
A_PAGE: Final = 100
LONGEST_PIECE: Final = 24
SUBJECTS: Final[Mapping[str, str]] = {
    "account": "账号", "action": "行动项", "activity": "活动", "api_key": "API 密钥", "appeal": "申诉",
    "attainment": "达成", "audit": "审计", "batch": "批次", "briefing": "会前简报", "calendar": "节假日",
    "calibration": "校准集", "card": "实践卡", "clip": "录音片段", "content": "存储内容",
    "corrections": "更正数据",
    "feed": "日历订阅", "interactions": "客户互动", "inventory": "客户盘点", "management": "管理动作",
    "management_action": "管理动作", "month": "月份", "recommendation": "行动建议", "slot": "场次",
    "source": "数据来源", "speech_model": "语音模型", "toolbox": "工具箱", "compliance": "合规",
    "customer": "客户", "export": "导出", "import": "导入", "income_target": "收入目标",
    "indicator": "指标", "institution": "机构", "job": "质检任务", "meeting": "会议", "minutes": "纪要",
    "navigator": "导航", "observation": "指标值", "office": "营业室", "parameter": "参数", "person": "人员",
    "plan": "规划", "recording": "录音", "report": "报告", "review": "复核", "rubric": "量规",
    "sale": "保单", "scorecard": "结论", "session": "登录", "slots": "场次", "transcript": "文字稿",
    "volume": "活动量", "webhook": "通知地址",
}  # fmt: skip
"""What an action is done to: the word before its point."""
OBJECTS: Final = (
    "account", "action", "activity", "api_key", "appeal", "audit", "batch", "calendar", "calibration",
    "content", "customer", "export", "feed", "import", "indicator", "institution", "interactions",
    "inventory", "job", "management_action", "meeting", "month", "office", "parameter", "person",
    "plan", "recommendation", "recording", "review", "rubric", "sale", "slot", "source", "speech_model",
    "volume", "webhook",
)  # fmt: skip
"""The kinds of objects that entries are about; the trail is narrowed by them."""
DEEDS: Final[Mapping[str, str]] = {
    "add": "新增", "begin": "发起", "check": "校验", "compute": "计算", "define": "定义",
    "dismissed": "不采纳", "done": "完成", "erase": "按申请删除个人信息", "hand_in": "交分",
    "interactions": "登记互动", "inventory": "盘点", "invite": "邀约客户", "participants": "登记到场",
    "pause": "暂停", "redeliver": "重新发送", "resume": "继续", "snapshot": "生成快照",
    "state": "启用或停用", "test": "试发", "tidy": "清理", "review": "检视", "amend": "更正职级经历",
    "answer": "答复", "attendance": "登记签到", "bind": "绑定统一身份", "change": "修改",
    "change_password": "修改密码", "close": "关闭", "close_all": "全部退出", "close_sessions": "强制退出",
    "cancel": "取消", "confirm": "确认", "copy": "复制", "create": "新建", "decide": "作出结论",
    "delete": "删除", "deputy": "设副职", "download": "下载", "draft": "起草", "edit": "修改",
    "expire": "到期删除", "export": "导出", "file": "导入文件", "fill": "生成", "focus": "标为重点主管",
    "follow_up": "跟进", "forget": "恢复内置", "full": "导出未隐去的数据", "hold": "登记召开",
    "join": "入司", "leave": "离司", "lead": "设主管", "lock": "锁定", "manager": "设负责人",
    "masked": "导出", "move": "调整上级", "must_hold": "设应召开", "open": "提交", "plan": "安排",
    "play": "播放", "prepare": "会前准备", "promote": "晋升", "publish": "发布", "push": "推送",
    "read": "查看", "read_full": "查看未隐去的信息", "record": "登记", "release": "放回", "report": "填报",
    "reset_password": "重置密码", "retire": "停用", "retry": "重试", "revoke": "吊销", "run": "运行",
    "scores": "取得分", "second": "二次复核", "set": "设定", "start": "开始", "take": "领取",
    "transfer": "调动", "unfocus": "取消重点主管标记", "upload": "上传", "void": "作废", "withdraw": "撤单",
}  # fmt: skip
"""What is done: the word behind the point."""
WHOLE: Final[Mapping[str, str]] = {
    "activity.feed.add": "日历订阅：新建",
    "activity.feed.remove": "日历订阅：取消",
    "person.withdraw": "人员：撤回职级变更",
    "session.open": "登录",
    "session.close": "退出登录",
    "session.close_all": "在所有设备上退出登录",
    "recording.hold": "录音：设为保留",
    "recording.lift_hold": "录音：解除保留",
    "recording.withdraw": "录音：撤回一段",
    "rubric.delete_draft": "量规：删除草稿",
    "plan.submitted": "规划：提交审批",
    "plan.approved": "规划：批准",
    "plan.rejected": "规划：不批准",
    "plan.draft": "规划：退回草稿",
    "plan.target.set_root": "规划：设定机构目标",
    "plan.target.edit": "规划：修改目标",
    "plan.target.remove": "规划：删除目标",
    "plan.target.assign": "规划：指定下级目标",
    "plan.target.break_down": "规划：按权重分解",
    "plan.target.break_down_to_teams": "规划：分解到营业室",
    "plan.target.spread": "规划：逐级分解",
}
"""Actions whose two words together would say something else."""
FACTS: Final[Mapping[str, str]] = {
    "active": "启用", "acts": "核对标签的句数", "added": "新增", "again_from": "重做起点",
    "agrees": "同意", "at": "时间", "briefing": "按会前简报", "by": "方式", "changed": "改动",
    "changes": "改动", "channel": "方式", "chapters": "人工章节边界数", "created": "新建",
    "customers": "客户数", "days": "天数",
    "delivery": "发送编号", "disabled": "停用", "download": "下载", "fields": "项目", "files": "文件数",
    "former": "原行动项", "full": "未隐去", "institution": "机构", "jobs": "任务数", "key": "项",
    "last": "末月", "made": "生成", "meeting": "会议", "meetings": "会议数", "month": "月份",
    "must_hold": "应召开", "name": "名称", "new": "新收", "on": "日期", "outcome": "兑现情况",
    "owner": "责任人", "parent": "上级", "part": "段号", "parts": "段数", "permissions": "权限",
    "person": "人员", "practice": "做法", "present": "实到", "rank": "职级", "reason": "原因",
    "request_number": "申请编号", "role": "角色", "rows": "行数", "rubric": "量规", "sha256": "校验值",
    "sheets": "表数", "side": "计划或实际", "size": "字节", "source": "来源", "state": "状态",
    "table": "表", "texts": "文字处数", "today": "当天", "transcript": "文字稿版本",
    "upheld": "申诉成立", "valid_from": "生效", "value": "数值", "verdict": "结论", "version": "版本",
    "week_ends": "周末日",
}  # fmt: skip
"""What an entry tells besides."""
VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "again_from": {one.value: word for one, word in STAGES.items()},
    "by": {"password": "密码", "oidc": "统一身份"},
    "channel": {one.value: word for one, word in CHANNELS.items()},
    "fields": {name: first_words(word) for name, word in WORDS.items()},
    "outcome": {one.value: word for one, word in OUTCOMES.items()},
    "permissions": {one.value: word for one, word in PERMISSIONS.items()},
    "role": {one.value: word for one, word in ROLES.items()},
    "side": {Side.PLANNED.value: "计划", Side.DONE.value: "实际"},
    "state": {one.value: word for one, (_, word, _) in STATES.items()},
    "table": {one.value: title for one, (title, *_) in TABLES.items()},
    "verdict": {one.value: word for one, word in VERDICTS.items()},
}
"""The words of a detail's values; several are parted by commas, and what has none stays as it is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail."""

    at: datetime
    actor: str
    action: str
    kind: str
    code: str
    institution: str
    facts: tuple[str, ...]
    address: str


def register() -> None:
    """Add the screen."""
    screen(PATH, title="审计", permission=Permission.READ_AUDIT)(audit)


def read(
    session: Session, asker: Caller, wanted: AuditFilter, cursor: str | None
) -> tuple[list[Entry], str | None]:
    """Newest first."""
    lines = AuditRepository(session, within=asker.within).lines(wanted, cursor=cursor, limit=A_PAGE)
    found, further = page(lines, A_PAGE, lambda line: (line[0].at, line[0].id))
    return [
        Entry(
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            kind=SUBJECTS.get(entry.object_kind, entry.object_kind),
            code=entry.object_code,
            institution=institution or "",
            facts=tuple(fact(*each) for each in entry.detail.items() if each[1] is not None),
            address=entry.address or "",
        )
        for entry, institution in found
    ], further


def words_of(action: str) -> str:
    """``account.create`` as 账号：新建; what has no words stays as it is."""
    subject, _, deed = action.partition(".")
    return WHOLE.get(action) or f"{SUBJECTS.get(subject, subject)}：{DEEDS.get(deed, deed)}"


def fact(name: str, value: object) -> str:
    """``("version", 2)`` as 版本：2; what has no words stays as it is."""
    if isinstance(value, bool):
        said = ("否", "是")[value]
    else:
        known = VALUES.get(name, {})
        said = "、".join(known.get(each, each) for each in re.split("[,，]", str(value)))
    return f"{FACTS.get(name, name)}：{said}"


def midnight(text: str, *, days_later: int = 0) -> datetime | None:
    """The day's first moment; None for "". Raises InputError."""
    if not text:
        return None
    day = when.day(text, date.max)
    try:
        return datetime.combine(day + timedelta(days=days_later), time(), SHANGHAI)
    except OverflowError as error:
        raise InputError(f"日期“{text}”不对：请写成 2026-11-08 这样的形式。") from error


async def audit(
    view: View,
    actor: str = "",
    action: str = "",
    kind: str = "",
    code: str = "",
    first: str = "",
    last: str = "",
    cursor: str = "",
) -> None:
    since, until = midnight(first), midnight(last, days_later=1)
    named = {"actor": actor, "action": action, "kind": kind, "code": code}
    wanted = AuditFilter(**{name: text or None for name, text in named.items()}, since=since, until=until)
    found, further = await view.ask(read, view.asker, wanted, cursor or None)
    kinds = {"": "全部", **{each: SUBJECTS[each] for each in OBJECTS}}
    with parts.section("审计记录", "新的在前；记录只增不改"):
        with ui.element("div").classes("toolbar"):
            listing.filters(
                PATH,
                [
                    Field("actor", "操作者", actor),
                    Field("action", "动作代码", action),
                    Field("kind", "对象种类", kind, options=kinds),
                    Field("code", "对象编号", code),
                    Field("first", "自", first, when.Kind.DAY),
                    Field("last", "至", last, when.Kind.DAY),
                ],
            )
            moments = {
                "since": since.isoformat() if since else "",
                "until": until.isoformat() if until else "",
            }
            query = urlencode({name: text for name, text in {**named, **moments}.items() if text})
            ui.html(
                f'<a href="/api/v1/audit/export?{listing.escaped(query)}" download>导出 CSV</a>',
                sanitize=False,
            ).classes("more no-print")
        if not found:
            parts.empty("没有符合条件的记录：放宽条件再看。")
            return
        listing.table(
            "审计记录",
            [
                Column("时间"),
                Column("操作者、来源"),
                Column("动作"),
                Column("对象"),
                Column("详情"),
            ],
            [
                [
                    listing.two_lines(listing.whole(f"{one.at:%Y-%m-%d}"), f"{one.at:%H:%M:%S}"),
                    listing.two_lines(_code(one.actor), _code(one.address)),
                    listing.two_lines(words_of(one.action), _code(one.action)),
                    listing.two_lines(_object(one), one.institution),
                    _facts(one),
                ]
                for one in found
            ],
            dense=True,
        )
        listing.further(PATH, further, first=first, last=last, **named)


def _object(one: Entry) -> Html:
    return listing.joined([Html(f"<span>{listing.escaped(one.kind)}</span>"), _code(one.code)])


def _facts(one: Entry) -> Html:
    told = listing.joined([Html(f"<span>{listing.escaped(each)}</span>") for each in one.facts])
    return Html(f'<span class="facts">{told}</span>') if told else told


def _code(code: str) -> Html:
    """Broken at the joints of a code, and nowhere else unless a piece, like a checksum, fills the line."""
    pieces = re.findall(r"[^._:@-]*[._:@-]+|[^._:@-]+", code)
    if any(len(piece) > LONGEST_PIECE for piece in pieces):
        return Html(f"<span>{listing.escaped(code)}</span>")
    return Html(f'<span class="jointed">{"<wbr>".join(map(listing.escaped, pieces))}</span>')
