"""The scorecard on a terminal: readable at 80 columns and without colour."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qa_pipeline.names import CHAPTERS, DIMENSIONS, STATUSES, VERDICTS
from qa_pipeline.report.masking import masked
from qa_pipeline.report.wording import (
    COMPLIANCE,
    DOUBTED,
    ITEM_MARKS,
    ITEM_STATUS,
    ITEM_STATUSES,
    OUTCOME_STATUS,
    OUTCOMES,
    STATUS_MARKS,
    UNSAID,
    UNSURE,
    VERDICT_MARKS,
    VERDICT_STATUS,
    advice,
    critical_kind,
    deadline,
    details,
    energy,
    figures,
    missing_chapters,
    readers,
    speaker,
    title,
)
from qa_pipeline.values.findings import Evidence
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.vocabulary import Status
from qa_pipeline.values.written import clock, in_short, points

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLES = {Status.PASS: "green", Status.WARN: "yellow", Status.FAIL: "red", Status.UNKNOWN: "dim"}
QUOTES = 2
"""Pieces of evidence shown per item; the HTML report shows all."""
QUOTE_LENGTH = 60
_CLOSING = "，。；：、？！）》”’…,;:!?)"
ACTIONS = 8
DISAGREEMENTS = 8


def render(inspection: Inspection, console: Console) -> None:
    """Print the score, the verdict with its reasons, the chapters, the items with their proof, and advice."""
    shown = masked(inspection)
    _header(shown, console)
    _verdict(shown, console)
    _chapters(shown, console)
    _items(shown, console)
    _actions(shown, console)
    _followed(shown, console)
    _figures(shown, console)
    _advice(shown, console)
    _readers(shown, console)
    for warning in shown.warnings:
        console.print(hanging("! ", warning, style="yellow"))


def _header(shown: Inspection, console: Console) -> None:
    from rich.cells import cell_len
    from rich.rule import Rule
    from rich.text import Text

    console.print(Rule(Text(title(shown)), style="dim"))
    line = ""
    for pair in (f"{name} {value}" for name, value in details(shown)):
        if line and cell_len(f"{line}  {pair}") > console.width:
            console.print(Text(line, style="dim"))
            line = pair
        else:
            line = f"{line}  {pair}" if line else pair
    console.print(Text(line, style="dim"))


def _verdict(shown: Inspection, console: Console) -> None:
    from rich.text import Text

    card, compliance = shown.scorecard, shown.compliance
    style = _STYLES[VERDICT_STATUS[compliance.verdict]]
    head = Text()
    head.append("\n能量值 ")
    head.append(points(score := energy(card)), style="bold")
    if score is not None:
        low, high = card.band
        head.append(f" / 100（范围 {points(low)}–{points(high)}，合格线 {points(card.pass_line)}）")
    head.append(" ")
    head.append(f"{VERDICT_MARKS[compliance.verdict]} {VERDICTS[compliance.verdict]}", style=f"bold {style}")
    console.print(head)
    if score is not None:
        console.print(_gauge(shown), highlight=False, soft_wrap=True)
    for key, name in COMPLIANCE.items():
        verdict = getattr(compliance, key)
        label = f"{STATUS_MARKS[verdict.status]} {name} {STATUSES[verdict.status]}"
        console.print(
            hanging(f"{label}  ", in_short(verdict.reason, card.criticals), style=_STYLES[verdict.status])
        )
    for critical in card.criticals:
        text = f"{critical.label}：{critical.reason}"
        mark = STATUS_MARKS[Status.WARN if critical.review else Status.FAIL]
        console.print(
            hanging(
                f"{mark} {critical_kind(review=critical.review)}  ",
                text,
                style="yellow" if critical.review else "red",
            )
        )
        _quotes(critical.evidence, console)


def _gauge(shown: Inspection) -> str:
    """Sixty cells for a hundred points: the score filled, the band dotted, the pass line marked."""
    card, cells = shown.scorecard, 60
    filled = round(card.energy_score * cells / 100)
    low, high = (round(edge * cells / 100) for edge in card.band)
    bar = ["█" if i < filled else "▒" if low <= i < high else "·" for i in range(cells)]
    line = min(cells - 1, round(card.pass_line * cells / 100))
    bar.insert(line, "┃")
    return f"0 {''.join(bar)} 100"


def _chapters(shown: Inspection, console: Console) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1), title="章节", title_justify="left", title_style="bold")
    for heading in ("起止", "章节", "时长", ""):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "时长" else "left")
    whole = shown.transcript.duration or 1.0
    for span in shown.chapters.spans:
        length = span.end - span.start
        table.add_row(
            f"{clock(span.start)}–{clock(span.end)}",
            CHAPTERS[span.chapter] + ("（存疑）" if span.confidence < UNSURE else ""),
            clock(length),
            "█" * max(1, round(24 * length / whole)),
        )
    console.print()
    console.print(table)
    if missing := missing_chapters(shown):
        console.print(hanging("✗ 缺少章节  ", "、".join(CHAPTERS[c] for c in missing), style="red"))


def _items(shown: Inspection, console: Console) -> None:
    from rich.text import Text

    card = shown.scorecard
    for dimension, (score, most) in card.dimensions.items():
        console.print(Text(f"\n{DIMENSIONS[dimension]}  {points(score)} / {most:g}", style="bold"))
        for item in card.items:
            if item.dimension != dimension:
                continue
            mark = ITEM_MARKS.get(item.status, "?")
            got = f"{points(item.score)}/{item.max:g}" if item.level is not None else "–"
            head = Text(no_wrap=False)
            style = _STYLES[ITEM_STATUS.get(item.status, Status.UNKNOWN)]
            head.append(f"{mark} {item.id} {item.label} ", style=style)
            head.append(f"{got} ", style="bold")
            head.append(ITEM_STATUSES.get(item.status, item.status), style=style)
            console.print(head)
            if item.reason:
                console.print(hanging("     ", item.reason, style="dim"))
            _quotes(item.evidence, console)


def _quotes(evidence: Sequence[Evidence], console: Console) -> None:
    for piece in evidence[:QUOTES]:
        console.print(hanging(f"     [{clock(piece.start)}] ", f"“{_short(piece.quote)}”"))


def _actions(shown: Inspection, console: Console) -> None:
    actions = shown.findings.actions
    if not actions:
        return
    console.print(f"\n[bold]行动项[/bold] 共 {len(actions)} 条", highlight=False)
    for action in sorted(actions, key=lambda action: action.doubtful)[:ACTIONS]:
        who = speaker(action.who, host=shown.findings.host)
        parts = " | ".join(part or UNSAID for part in (who, action.what, action.due))
        if action.doubtful:
            parts += f"（{DOUBTED}）"
        console.print(hanging(f"  [{clock(action.evidence.start)}] ", parts))
    if len(actions) > ACTIONS:
        console.print(hanging("  ", f"其余 {len(actions) - ACTIONS} 条见 HTML 报告或 JSON。", style="dim"))


def _followed(shown: Inspection, console: Console) -> None:
    found = shown.findings.followed
    if not found:
        return
    counts = "，".join(f"{name} {sum(f.outcome is o for f in found)}" for o, name in OUTCOMES.items())
    console.print(f"\n[bold]上次承诺[/bold] 共 {len(found)} 条：{counts}", highlight=False)
    for one in found:
        status, action = OUTCOME_STATUS[one.outcome], one.action
        parts = (action.what or action.evidence.quote, action.who or UNSAID, deadline(action))
        lead = f"  {STATUS_MARKS[status]} {OUTCOMES[one.outcome]}  "
        console.print(hanging(lead, " | ".join(parts), style=_STYLES[status]))
        _quotes(one.evidence, console)


def _figures(shown: Inspection, console: Console) -> None:
    rows = figures(shown)
    if not rows:
        return
    off = [row for row in rows if row.gap]
    console.print(
        f"\n[bold]数字核对[/bold] 对上 {len(rows) - len(off)} 个，与系统不符 {len(off)} 个", highlight=False
    )
    for row in off:
        told = f"{row.owner} {row.indicator}：会上说 {row.said}，系统 {row.given}，{row.gap}"
        console.print(hanging(f"  ≠ [{clock(row.evidence.start)}] ", told, style="yellow"))
        _quotes((row.evidence,), console)


def _advice(shown: Inspection, console: Console) -> None:
    found = advice(shown)
    if not found:
        return
    console.print("\n[bold]下次怎么做[/bold]")
    for number, one in enumerate(found, 1):
        gain = f"（最多 +{points(one.gain)} 分）" if one.gain is not None else ""
        console.print(hanging(f"  {number}. ", f"{one.label}{gain}：{one.text}"))


def _readers(shown: Inspection, console: Console) -> None:
    rows = readers(shown.reader)
    if rows:
        console.print()
    for name, value in rows:
        console.print(hanging(f"{name}  ", value, style="dim"))
    parted = shown.reader.disagreements
    for one in parted[:DISAGREEMENTS]:
        console.print(hanging("  ≠ ", one.reason, style="yellow"))
        _quotes(one.evidence, console)
    if len(parted) > DISAGREEMENTS:
        rest = f"其余 {len(parted) - DISAGREEMENTS} 处分歧见 HTML 报告或 JSON。"
        console.print(hanging("  ", rest, style="dim"))


def _short(text: str) -> str:
    return text if len(text) <= QUOTE_LENGTH else text[: QUOTE_LENGTH - 1] + "…"


class _Hanging:
    """A lead and a text whose further lines stand under its first word. Text is never read as markup."""

    def __init__(self, lead: str, text: str, style: str) -> None:
        self.lead, self.text, self.style = lead, text, style

    def __rich_console__(self, console: Console, options: object) -> Iterator[Text]:
        from rich.cells import cell_len
        from rich.text import Text

        indent = cell_len(self.lead)
        for number, line in enumerate(_wrapped(self.text, max(20, console.width - indent))):
            lead = Text(self.lead if number == 0 else " " * indent, style=self.style)
            yield Text.assemble(lead, line, no_wrap=True, overflow="ignore")


def hanging(lead: str, text: str, *, style: str = "") -> _Hanging:
    """A renderable whose further lines stand under the first word of ``text``."""
    return _Hanging(lead, text, style)


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of at most ``width`` cells. Chinese breaks between any two characters, but no line starts with a
    closing mark; Rich breaks at spaces only and would leave half a line empty."""
    from rich.cells import cell_len

    line = ""
    for word in re.findall(rf"[!-~]{{1,{width}}}|.[{_CLOSING}]*", text, re.DOTALL):
        if line and cell_len(line + word.rstrip()) > width:
            yield line.rstrip()
            line = word.lstrip()
        else:
            line += word
    if line.strip():
        yield line.rstrip()
