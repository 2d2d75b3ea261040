"""What decides a meeting beside its points: criticals, the passage to hear first, where two readings part."""

from __future__ import annotations

from typing import Final

from nicegui import ui

from api.console import parts, sound
from api.console.listing import Html, escaped
from api.meetings.scorecard_schemas import EvidenceOut, ScorecardOut
from qa_pipeline.values.vocabulary import Verdict

SHOWN_PROOFS: Final = 3


def criticals(card: ScorecardOut) -> None:
    """What alone fails the meeting, with its proof; and that it did not where a person decided otherwise."""
    overruled = card.review is not None and card.verdict is Verdict.QUALIFIED
    for one in card.criticals:
        with ui.element("div").classes("refusal overruled" if overruled else "refusal"):
            ui.icon("gpp_bad")
            with ui.element("div"):
                ui.label(f"{one.label}：{one.reason}")
                if one.evidence:
                    ui.html(_proofs(one.evidence[:SHOWN_PROOFS]), sanitize=False)
                if overruled:
                    ui.label("这是机器的判断，复核没有采纳。")


def listen(card: ScorecardOut) -> None:
    """The one passage that says most, played at once; nothing where a person has decided."""
    if card.listen is not None and card.review is None:
        told = sound.heard(card.listen.start, f"先听这一段：{card.listen.reason}")
        ui.html(told, sanitize=False).classes("listen")


def parted(card: ScorecardOut) -> None:
    """Where the local reader and a language model read otherwise, each with the passage."""
    found = card.readers
    if found is None or not found.disagreements:
        return
    with parts.section("两种读法的分歧", found.review or "本地与语言模型各读一遍，以下各处不一致"):
        told = "".join(
            f'<div class="finding">{escaped(one.reason)}{_proofs(one.evidence[:SHOWN_PROOFS])}</div>'
            for one in found.disagreements
        )
        number = len(found.disagreements)
        ui.html(f"<details><summary>展开 {number} 处</summary>{told}</details>", sanitize=False)


def _proofs(evidence: list[EvidenceOut]) -> Html:
    return Html("".join(map(sound.proof, evidence)))
