"""The audit trail: who saw or changed what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.accounts.audit_repository import AuditFilter, AuditRepository
from api.console import listing, parts
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.pages import page
from models.base import SHANGHAI
from qa_pipeline.errors import InputError

PATH: Final = "/audit"
A_PAGE: Final = 100
SUBJECTS: Final[Mapping[str, str]] = {
    "account": "账号", "action": "行动项", "api_key": "API 密钥", "appeal": "申诉", "attainment": "达成",
    "audit": "审计", "batch": "批次", "briefing": "会前简报", "calendar": "节假日", "clip": "录音片段",
    "compliance": "合规", "customer": "客户", "export": "导出", "import": "导入", "income_target": "收入目标",
    "indicator": "指标", "institution": "机构", "job": "质检任务", "meeting": "会议", "minutes": "纪要",
    "navigator": "导航", "observation": "指标值", "office": "营业室", "parameter": "参数", "person": "人员",
    "plan": "规划", "recording": "录音", "report": "报告", "review": "复核", "rubric": "量规", "sale": "保单",
    "scorecard": "结论", "session": "登录", "slots": "场次", "transcript": "文字稿", "volume": "活动量",
    "webhook": "通知地址",
}  # fmt: skip
"""What an action is done to: the word before its point."""
DEEDS: Final[Mapping[str, str]] = {
    "add": "新增", "amend": "更正职级经历", "answer": "答复", "attendance": "登记签到",
    "bind": "绑定统一身份", "change": "修改", "change_password": "修改密码", "close": "关闭",
    "close_all": "全部退出", "close_sessions": "强制退出",
    "cancel": "取消", "confirm": "确认", "copy": "复制", "create": "新建", "decide": "作出结论",
    "delete": "删除", "deputy": "设副职", "download": "下载", "draft": "起草", "edit": "修改",
    "expire": "到期删除", "export": "导出", "file": "导入文件", "fill": "生成", "focus": "标为重点主管",
    "follow_up": "跟进", "forget": "恢复内置", "full": "导出未隐去的数据", "hold": "登记召开",
    "join": "入司", "leave": "离司",
    "lead": "设主管", "lock": "锁定", "manager": "设负责人", "masked": "导出", "move": "调整上级",
    "must_hold": "设应召开", "open": "提交", "plan": "安排", "play": "播放", "prepare": "会前准备",
    "promote": "晋升", "publish": "发布", "push": "推送", "read": "查看", "read_full": "查看未隐去的信息",
    "record": "登记", "release": "放回", "report": "填报", "reset_password": "重置密码", "retire": "停用",
    "retry": "重试", "revoke": "吊销", "run": "运行", "scores": "取得分", "second": "二次复核", "set": "设定",
    "start": "开始", "take": "领取", "transfer": "调动", "unfocus": "取消重点主管标记", "upload": "上传",
    "void": "作废", "withdraw": "撤单",
}  # fmt: skip
"""What is done: the word behind the point."""
WHOLE: Final[Mapping[str, str]] = {
    "person.withdraw": "人员：撤回职级变更",
    "session.open": "登录",
    "session.close": "退出登录",
    "session.close_all": "在所有设备上退出登录",
    "recording.hold": "录音：设为保留",
    "recording.lift_hold": "录音：解除保留",
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


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail."""

    at: datetime
    actor: str
    action: str
    subject: str
    institution: str
    detail: str
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
            subject=f"{entry.object_kind} {entry.object_code}",
            institution=institution or "",
            detail="，".join(f"{name}={value}" for name, value in entry.detail.items() if value is not None),
            address=entry.address or "",
        )
        for entry, institution in found
    ], further


def words_of(action: str) -> str:
    """``account.create`` as 账号：新建; what has no words stays as it is."""
    subject, _, deed = action.partition(".")
    return WHOLE.get(action) or f"{SUBJECTS.get(subject, subject)}：{DEEDS.get(deed, deed)}"


def midnight(text: str, *, days_later: int = 0) -> datetime | None:
    """The day's first moment; None for "". Raises InputError."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days_later) if text else None
    except (ValueError, OverflowError) as error:
        raise InputError(f"日期“{text}”不对：请写成 2026-09-08 这样的形式。") from error
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) if day else None


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
    with parts.section("审计记录", "新的在前；记录只增不改"):
        with ui.element("div").classes("toolbar"):
            listing.filters(
                PATH,
                [
                    Field("actor", "操作者", actor),
                    Field("action", "动作", action),
                    Field("kind", "对象种类", kind),
                    Field("code", "对象编号", code),
                    Field("first", "自", first, "date"),
                    Field("last", "至", last, "date"),
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
                Column("操作者"),
                Column("动作"),
                Column("对象"),
                Column("详情"),
                Column("来源"),
            ],
            [
                [
                    f"{one.at:%Y-%m-%d %H:%M:%S}",
                    one.actor,
                    _two_lines(words_of(one.action), one.action),
                    _two_lines(one.subject, one.institution),
                    one.detail,
                    one.address,
                ]
                for one in found
            ],
            dense=True,
        )
        listing.further(PATH, further, first=first, last=last, **named)


def _two_lines(text: str, below: str) -> Html:
    return Html(f"<span>{listing.escaped(text)}<small>{listing.escaped(below)}</small></span>")
