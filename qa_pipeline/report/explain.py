"""How an item of a result came to its points, step by step: what ``huijian explain`` shows.

Everything is read from the result itself (``huijian inspect --json``, or an inspection that a batch stored):
the steps were written down when it was scored. Only the words that spoke for an act or a chapter are looked
up again in the readers installed now; where those are others than the result's, that is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qa_pipeline.errors import InputError
from qa_pipeline.names import ACTS, CHAPTERS, DIMENSIONS
from qa_pipeline.report.wording import (
    ITEM_STATUSES,
    certainty,
    critical_kind,
    quantity,
)
from qa_pipeline.rubric import inwords
from qa_pipeline.values.vocabulary import Act, Chapter, Dimension
from qa_pipeline.values.written import UNKNOWN, clock, points

if TYPE_CHECKING:
    from rich.console import Console

QUOTES: Final = 3
"""Passages shown of each measure and of the item."""
WORDS: Final = 4
"""Stretches of words shown for an act or a chapter."""
LENGTH: Final = "relative_length"
"""The measure that counts are divided by; all that was said proves it, so that no passage does."""
SAME: Final = 1e-3
"""Levels no further apart are the same: a result is rounded."""
_NEEDED: Final = ("items", "findings", "chapters", "criticals", "versions", "energy_score")
_GATE: Final = re.compile(r"[Kk]\d+")
_MARKS: Final = {"^": "句首", "$": "句末", "#": "数字"}

Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the explanation: how deep it stands under the others, its lead and its text."""

    depth: int
    lead: str
    text: str


def read_result(path: Path) -> Result:
    """The result in a file; raises InputError for what is no result of this program, or more than one."""
    if path.is_dir() or path.suffix.lower() == ".jsonl":
        raise InputError(
            f"{path} 里不止一场会议的结果：请给出一场的文件，"
            "批量质检的在结果文件夹的 inspections 里，每场一个。"
        )
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"读不到结果文件 {path}：请核对路径。") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} 不是文本文件：请给出 huijian inspect --json 写的结果。") from error
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name} 不是完整的 JSON：请给出 huijian inspect --json 写的结果。") from error
    if isinstance(whole, dict) and "scorecard" in whole:
        from qa_pipeline.report.json import inspection_from_json, to_json

        return to_json(inspection_from_json(text))
    if isinstance(whole, dict) and isinstance(whole.get("result"), dict):
        whole = whole["result"]
    lacking = [key for key in _NEEDED if not isinstance(whole, dict) or key not in whole]
    if lacking:
        raise InputError(
            f"{path.name} 不是质检结果（缺少 {'、'.join(lacking)}）：请给出 huijian inspect --json 写的文件。"
        )
    found: Result = whole
    return found


def explain(result: Result, item: str) -> list[Told]:
    """The lines for one item, or for a critical that was triggered. Raises InputError with the nearest
    name.
    """
    try:
        return _explained(result, item)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "这份结果的写法与本版程序不合（可能由别的版本或程序写出）：请对原录音或文字稿重新质检。"
        ) from error


def _explained(result: Result, item: str) -> list[Told]:
    known = [one["id"] for one in (*result["items"], *result["criticals"])]
    if item not in known:
        item = next((id for id in known if id.casefold() == item.casefold()), item)
    critical = next((one for one in result["criticals"] if one["id"] == item), None)
    found = next((one for one in result["items"] if one["id"] == item), None)
    if found is None and critical is None:
        raise InputError(_nearest(item, [*result["items"], *result["criticals"]]))
    lines: list[Told] = []
    if found is not None:
        lines += [*_head(found), *_steps(found, result), *_measures(found, result), *_proof(found, result)]
    elif critical is not None:
        lines += _critical(critical, result)
    return [*lines, *_gates(item, result), *_versions(result)]


def show(lines: Sequence[Told], console: Console) -> None:
    from qa_pipeline.report.terminal import hanging

    for line in lines:
        style = "bold" if line.depth == 0 else "dim" if line.depth > 2 else ""
        console.print(hanging("   " * line.depth + line.lead, line.text, style=style))


# ---------------------------------------------------------------- the item


def _head(item: Result) -> Iterator[Told]:
    got = UNKNOWN if item["level"] is None else f"{points(item['score'])} / {item['max']:g} 分"
    status = ITEM_STATUSES.get(item["status"], item["status"])
    part = DIMENSIONS[Dimension(item["dimension"])]
    yield Told(
        depth=0,
        lead=f"{item['id']} {item['label']}  ",
        text=f"{got}（{status}，{certainty(item['confidence'])}；{part}）",
    )
    if item["reason"]:
        yield Told(depth=1, lead="说明  ", text=item["reason"])


def _steps(item: Result, result: Result) -> Iterator[Told]:
    yield Told(depth=0, lead="", text="怎么算出来的")
    steps = item.get("steps")
    if steps is None:
        yield Told(
            depth=1,
            lead="",
            text="这份结果由旧版程序写出，没有记下评分步骤：对原录音或文字稿重新质检后即可看到。",
        )
    for number, step in enumerate(steps or (), 1):
        weight = f"（权重 {step['weight']:g}）" if step["weight"] is not None else ""
        level = "不计" if step["level"] is None else f"{step['level']:.2f} 档"
        yield Told(depth=1, lead=f"{number}. ", text=f"{step['label']}{weight} → {level}")
        yield Told(depth=2, lead="规则  ", text=step["rule"])
        if inwords.ASKED in step["rule"]:
            yield from _judges(result)
        if step["value"] is not None or step["measure"]:
            unit = _unit(step["measure"])
            yield Told(
                depth=2,
                lead="实测  ",
                text=f"{quantity(step['value'], unit)}（{certainty(step['confidence'])}）" + _divided(step),
            )
    if steps and item["level"] is not None and abs((steps[-1]["level"] or 0.0) - item["level"]) > SAME:
        yield Told(depth=1, lead="→ ", text=f"两种读法合议或人工复核后改定为 {item['level']:.3g} 档")
    if item["level"] is None:
        yield Told(depth=1, lead="＝ ", text="测不出来或不适用：本项退出分母，总分按其余各项折算到 100")
        return
    whole = sum(one["max"] for one in result["items"] if one["level"] is not None)
    share = 100 * item["score"] / whole if whole else 0.0
    yield Told(
        depth=1,
        lead="＝ ",
        text=f"{item['max']:g} × {item['level']:.4g} ＝ {item['score']:.2f} 分，"
        f"计入能量值 {share:.2f} 分（分母 {whole:g}）",
    )


def _judges(result: Result) -> Iterator[Told]:
    """Which language model was asked what the rubric has it judge."""
    for use in result.get("reader", {}).get("models", ()):
        if use["purpose"] == "judge":
            yield Told(depth=2, lead="评审  ", text=f"语言模型 {use['model']}（{use['host']}）")


def _divided(step: Result) -> str:
    """How a count became what is measured, where the rubric has it divided by the meeting's length."""
    times = step.get("divided_by")
    if times is None:
        return ""
    return f"：数到 {points(step['value'] * times)}，除以篇幅倍数 {times:.2f}"


def _measures(item: Result, result: Result) -> Iterator[Told]:
    steps = item.get("steps") or ()
    ids = list(dict.fromkeys(step["measure"] for step in steps if step["measure"]))
    if any(step.get("divided_by") for step in steps):
        ids.append(LENGTH)
    known = [id for id in ids if id in result["findings"]]
    if known:
        yield Told(depth=0, lead="", text="依据的测量")
    for id in known:
        measured = result["findings"][id]
        label, meaning, unit = _spec(id)
        told = quantity(measured["value"], unit)
        sure = f"，{certainty(measured['confidence'])}" if measured["value"] is not None else ""
        why = f"；{measured['reason']}" if measured["reason"] else ""
        yield Told(depth=1, lead=f"{label}  ", text=f"{told}{sure}{why}")
        if meaning:
            yield Told(depth=2, lead="含义  ", text=meaning)
        for proof in measured["evidence"][: 0 if id == LENGTH else QUOTES]:
            yield _quote(proof, depth=2)


def _proof(item: Result, result: Result) -> Iterator[Told]:
    """The passages with what decided how they were read; of those a language model quotes nobody knows."""
    if not item["evidence"]:
        yield Told(depth=0, lead="", text="没有原话作证")
        return
    judged = any(inwords.ASKED in step["rule"] for step in item.get("steps") or ())
    told = "语言模型引来作证的原话，已逐字核对" if judged else "作证的原话，和读它的依据"
    yield Told(depth=0, lead="", text=told)
    for proof in item["evidence"][:QUOTES]:
        yield _quote(proof, depth=1)
        if not judged:
            yield from _read(proof, result)
    if len(item["evidence"]) > QUOTES:
        yield Told(depth=1, lead="", text=f"其余 {len(item['evidence']) - QUOTES} 处见结果文件")


def _read(proof: Result, result: Result) -> Iterator[Told]:
    from qa_pipeline.chapters.telling import telling
    from qa_pipeline.findings.acts import current

    acts = result.get("acts", {}).get(str(proof["utterance"]), {})
    if proof["utterance"] in result.get("acts_by_person", ()):
        told = "、".join(ACTS[Act(name)] for name in acts) or "没有标签"
        yield Told(depth=2, lead="语句标签  ", text=f"{told}（由人标定）")
        acts = {}
    for name, probability in acts.items():
        words = current().telling(proof["quote"], Act(name), most=WORDS)
        yield Told(
            depth=2,
            lead=f"{ACTS[Act(name)]} {probability:.0%}  ",
            text=f"字词：{_words(words)}" if words else "由前后语句、位置和说话人判断",
        )
    span = next((s for s in result["chapters"] if s["start"] <= proof["start"] < s["end"]), None)
    if span is not None:
        chapter = Chapter(span["chapter"])
        words = telling(proof["quote"], chapter, most=WORDS)
        yield Told(
            depth=2,
            lead=f"{CHAPTERS[chapter]} {span['confidence']:.0%}  ",
            text=f"章节 {clock(span['start'])}–{clock(span['end'])}；"
            + (f"本句字词：{_words(words)}" if words else "由前后文判断"),
        )


def _quote(proof: Result, *, depth: int) -> Told:
    who = f"{proof['speaker']}：" if proof["speaker"] else ""
    return Told(depth=depth, lead=f"[{clock(proof['start'])}] ", text=f"{who}“{proof['quote']}”")


def _words(words: Sequence[tuple[str, float]]) -> str:
    return "、".join(f"「{_readable(text)}」+{weight:.2f}" for text, weight in words)


def _readable(text: str) -> str:
    return "".join(_MARKS.get(char, char) for char in text)


# ---------------------------------------------------------------- what stands around it


def _critical(critical: Result, result: Result) -> Iterator[Told]:
    kind = critical_kind(review=critical["review"])
    yield Told(depth=0, lead=f"{critical['id']} {critical['label']}  ", text=f"{kind}：{critical['reason']}")
    for proof in critical["evidence"][:QUOTES]:
        yield _quote(proof, depth=1)
        yield from _read(proof, result)


def _gates(item: str, result: Result) -> Iterator[Told]:
    others = [one for one in result["criticals"] if one["id"] != item]
    if others:
        yield Told(depth=0, lead="", text="本场触发的关键项（不改分数，另行决定结论）")
    for one in others:
        kind = critical_kind(review=one["review"])
        yield Told(depth=1, lead=f"{one['id']} {one['label']}  ", text=f"{kind}：{one['reason']}")


def _versions(result: Result) -> Iterator[Told]:
    from qa_pipeline.chapters import model
    from qa_pipeline.findings.acts import current

    said = result["versions"]
    told = "，".join(str(said[key]) for key in ("rubric", "segmenter", "reader") if key in said)
    yield Told(depth=0, lead="版本  ", text=told)
    if by_person := result.get("acts_by_person"):
        yield Told(depth=1, lead="", text=f"语句标签有 {len(by_person)} 句由人标定，以人为准。")
    now = {"segmenter": model.current().version, "reader": current().version}
    # Beside the local reader, others may have read: person&reader-1+acts-8, chapters-10&qwen@prompt-1.
    parts = {key: str(said.get(key, "")).split("&") for key in now}
    if not all(any(part.endswith(version) for part in parts[key]) for key, version in now.items()):
        yield Told(
            depth=1,
            lead="",
            text=f"字词按现在的模型（{'，'.join(now.values())}）列出，与评分时的不同，仅供参考。",
        )


def _nearest(item: str, offered: Sequence[Result]) -> str:
    from rapidfuzz import fuzz

    if _GATE.fullmatch(item):
        return f"这份结果没有触发关键否决「{item}」，没有可解释的。"
    if not offered:
        return f"这份结果里没有评分项，找不到「{item}」：请对录音重新质检。"
    best = max(
        offered,
        key=lambda one: max(fuzz.ratio(item.upper(), one["id"].upper()), fuzz.ratio(item, one["label"])),
    )
    ids = "、".join(dict.fromkeys(one["id"] for one in offered))
    return f"没有评分项「{item}」，最接近的是 {best['id']}（{best['label']}）；这份结果里有：{ids}。"


def _spec(id: str) -> tuple[str, str, str]:
    """Label, meaning and unit of a measure; a measure of another version keeps its id."""
    from qa_pipeline.findings.registry import specs

    for spec in specs():
        if spec.id == id:
            return spec.label, spec.meaning, spec.unit
    return id, "", ""


def _unit(id: str) -> str:
    return _spec(id)[2]
