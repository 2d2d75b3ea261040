"""Train a reader on a company's own labelled meetings, and say whether it reads better than the one in use.

Compared is on meetings that neither has seen: whole authors (folders) are held out where there are at least
three, else whole meetings; never single lines. What was measured is what is installed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import distributions
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np

from qa_pipeline import installed
from qa_pipeline.chapters import model as chapter_model
from qa_pipeline.chapters import segment
from qa_pipeline.chapters.corpus import LabelledMeeting, meetings, read_meeting
from qa_pipeline.chapters.model import Model
from qa_pipeline.errors import InputError
from qa_pipeline.findings import acts as act_model
from qa_pipeline.findings.acts import ActModel
from qa_pipeline.installed import About, Kind
from qa_pipeline.learning.figures import Figures, act_figures, chapter_figures
from qa_pipeline.steps import Kept
from qa_pipeline.values.vocabulary import Progress, silent

LEAST: Final = 6
"""Meetings that nobody has learned from, below which no comparison says anything."""
AUTHORS: Final = 3
"""From this many authors on whole authors are held out."""
SHARE: Final = 4
"""One in this many of the new meetings is held out, if whole authors allow."""
LEFT: Final = 2
"""Authors that training needs at least; so many are never held out."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The meetings to learn from and those to compare on; ``by`` is what was kept together."""

    learn: tuple[LabelledMeeting, ...]
    held: tuple[LabelledMeeting, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it: both readers' figures on the held-out meetings, and the new one as it would be
    installed (``arrays`` is its npz)."""

    kind: Kind
    split: Split
    current: Figures
    candidate: Figures
    current_version: str
    about: About
    arrays: bytes

    @property
    def worse(self) -> bool:
        return self.candidate.score < self.current.score


def read_folder(folder: Path, label: str) -> list[LabelledMeeting]:
    """The labelled meetings of a folder and all below it whose ``label`` (chapters, acts) a person gave.

    The author of each is the folder that it lies in (``AUTHOR/ID.txt``): what lies at the top is of one
    author. Hidden files are left alone. Raises InputError naming what cannot be used, and a meeting that
    bears the label twice: nobody could say which counts.
    """
    if folder.is_file():
        raise InputError(f"{folder} 是文件，不是文件夹：--from 要写存有标注会议（每场一个 .txt）的文件夹。")
    if not folder.is_dir():
        raise InputError(f"找不到文件夹 {folder}：请给出存有标注会议的文件夹。")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() == ".txt" and not path.name.startswith(".") and path.is_file()
    )
    if not paths:
        raise InputError(
            f"{folder} 里没有标注会议：要有每场一个 .txt，放在其中或子文件夹里；"
            "可用 huijian corrections 从服务导出。"
        )
    # Not to be taken for the author of the shipped meetings with the same letter.
    found = [replace(meeting, author=f"own {meeting.author}") for meeting in map(read_meeting, paths)]
    usable = {
        path: meeting
        for path, meeting in zip(paths, found, strict=True)
        if label in meeting.labels and meeting.transcript.utterances
    }
    if not usable:
        raise InputError(
            f"{folder} 里没有标注了 {label} 的会议（共 {len(found)} 场）：请先导出并核对标注，"
            f"再在文件头的 labels 一行写上 {label}。"
        )
    first: dict[str, Path] = {}
    for path, meeting in usable.items():
        if path != (other := first.setdefault(fingerprint(meeting), path)):
            raise InputError(f"{other} 与 {path} 是同一场会议（发言完全相同）：请只留标注较新的一份。")
    return list(usable.values())


def fingerprint(meeting: LabelledMeeting) -> str:
    """Tells meetings apart by what was said in them."""
    text = "\n".join(u.text for u in meeting.transcript.utterances)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def split(
    own: Sequence[LabelledMeeting], *, seen: frozenset[str], partly: Sequence[LabelledMeeting] = ()
) -> Split:
    """Which of the own meetings to hold out: none that is in ``seen``, which the reader in use learned from.

    Those that a person went through ``partly`` are learned from only: who puts right just what is wrong would
    let the reader in use look worse than it is. The same meetings are always split alike. Raises InputError
    with fewer than ``LEAST`` unseen meetings.
    """
    new = [meeting for meeting in own if fingerprint(meeting) not in seen]
    if len(new) < LEAST:
        only = f"（另有 {len(partly)} 场没有全部核对，只能用来学）" if partly else ""
        raise InputError(
            f"现用模型没有学过的标注会议只有 {len(new)} 场{only}，至少要 {LEAST} 场才能比较新旧模型："
            "请再标注几场。"
        )
    wanted, most = -(-len(new) // SHARE), len(new) // 2
    groups: defaultdict[str, list[LabelledMeeting]] = defaultdict(list)
    for meeting in new:
        groups[meeting.author].append(meeting)
    held = _drawn(groups, wanted, most) if len(groups) >= AUTHORS else []
    by = "作者"
    if not held:
        held, by = _drawn({fingerprint(m): [m] for m in new}, wanted, most), "会议"
    kept = {fingerprint(meeting) for meeting in held}
    authors = {meeting.author for meeting in held} if by == "作者" else set[str]()
    learn = [m for m in (*own, *partly) if fingerprint(m) not in kept and m.author not in authors]
    return Split(learn=tuple(learn), held=tuple(held), by=by)


def _drawn(groups: dict[str, list[LabelledMeeting]], wanted: int, most: int) -> list[LabelledMeeting]:
    """Whole groups, in an order that nobody chose, until enough are held; none that would be too many, nor
    one of the last ``LEFT``."""
    drawn: list[LabelledMeeting] = []
    left = len(groups)
    for name in sorted(groups, key=lambda one: hashlib.sha256(one.encode()).hexdigest()):
        if left > LEFT and len(drawn) < wanted and len(drawn) + len(groups[name]) <= most:
            drawn += groups[name]
            left -= 1
    return drawn


def train_chapters(
    folder: Path,
    *,
    against: Model | None = None,
    alone: bool = False,
    say: Say = lambda _: None,
    progress: Progress = silent,
) -> Outcome:
    """Train a chapter model on the folder's meetings (and the shipped ones unless ``alone``) and compare it.

    ``against`` is the reader in use when None. Takes about five minutes with the shipped meetings; one that
    was interrupted goes on where it stopped, to the same model.
    """
    from qa_pipeline.chapters.train import learn

    current = against or chapter_model.current()
    shipped = _shipped("chapters")
    parts = split(
        read_folder(folder, "chapters"),
        seen=_seen("chapters", current.version, chapter_model.VERSION, shipped),
    )
    lessons = _lessons(parts, shipped, alone=alone)
    say(f"用 {len(lessons)} 场训练章节模型，另留 {len(parts.held)} 场比较（按{parts.by}分开）……")
    kept = _kept("chapters", lessons, say)
    candidate = learn(lessons, progress=progress, step=kept.step)
    arrays = BytesIO()
    chapter_model.save(candidate, arrays)

    def figures(reader: Model) -> Figures:
        return chapter_figures(
            (m, segment(m.transcript, kind=m.facts.kind, using=reader)) for m in parts.held
        )

    # The weights are rounded in the file: it is the file that is measured.
    stored = chapter_model.load(BytesIO(arrays.getvalue()))
    outcome = _outcome(
        "chapters",
        parts,
        lessons,
        figures(current),
        figures(stored),
        current.version,
        chapter_model.VERSION,
        arrays.getvalue(),
    )
    kept.forget()
    return outcome


def train_acts(
    folder: Path,
    *,
    against: ActModel | None = None,
    alone: bool = False,
    say: Say = lambda _: None,
    progress: Progress = silent,
) -> Outcome:
    """The same for the act classifier, in twice the time. Of a meeting that a person went through in part,
    those utterances are learned from."""
    from qa_pipeline.findings.train import examples, fit

    current = against or act_model.current()
    shipped = _shipped("acts")
    own = read_folder(folder, "acts")
    parts = split(
        [meeting for meeting in own if all(meeting.gone_through)],
        seen=_seen("acts", current.version, act_model.VERSION, shipped),
        partly=[meeting for meeting in own if not all(meeting.gone_through)],
    )
    lessons = _lessons(parts, shipped, alone=alone)
    say(f"用 {len(lessons)} 场训练语句模型，另留 {len(parts.held)} 场比较（按{parts.by}分开）……")
    kept = _kept("acts", lessons, say)
    told = [example for meeting in lessons for example in examples(meeting)]
    candidate = fit(told, version=act_model.VERSION, progress=progress, step=kept.step)
    arrays = BytesIO()
    np.savez_compressed(arrays, allow_pickle=False, **candidate.arrays())
    stored = act_model.load(BytesIO(arrays.getvalue()))
    outcome = _outcome(
        "acts",
        parts,
        lessons,
        act_figures(parts.held, current),
        act_figures(parts.held, stored),
        current.version,
        act_model.VERSION,
        arrays.getvalue(),
    )
    kept.forget()
    return outcome


def install(outcome: Outcome) -> Path:
    """Put the new reader in use. Raises InputError for one that reads worse than the one in use."""
    if outcome.worse:
        raise InputError(
            f"新{installed.NAMES[outcome.kind]}在留出的 {outcome.candidate.meetings} 场会议上更差"
            f"（{outcome.candidate.score:.3f} 对 {outcome.current.score:.3f}），不安装："
            "请补充标注、核对标注是否一致后再试。"
        )
    return installed.install(outcome.kind, outcome.arrays, outcome.about)


def _shipped(label: str) -> list[LabelledMeeting]:
    """The meetings that came with the program; an installed wheel has none of them."""
    return [meeting for meeting in meetings() if label in meeting.labels]


def _seen(kind: Kind, version: str, base: str, shipped: Sequence[LabelledMeeting]) -> frozenset[str]:
    """What the reader in use has learned from."""
    told = installed.about(kind)
    if version != base and told is not None:
        return frozenset(told.learned)
    return frozenset(map(fingerprint, shipped))


def _lessons(parts: Split, shipped: Sequence[LabelledMeeting], *, alone: bool) -> list[LabelledMeeting]:
    """What the new reader learns from, nothing twice and nothing that is held out."""
    held = {fingerprint(meeting) for meeting in parts.held}
    lessons: dict[str, LabelledMeeting] = {}
    for meeting in (*(() if alone else shipped), *parts.learn):
        if (name := fingerprint(meeting)) not in held:
            lessons.setdefault(name, meeting)
    if len({meeting.author for meeting in lessons.values()}) < LEFT:
        raise InputError("训练用的会议都出自同一个文件夹：至少要两个（每个文件夹一位标注人或一家机构）。")
    return list(lessons.values())


def _kept(kind: Kind, lessons: Sequence[LabelledMeeting], say: Say) -> Kept:
    """Where this training keeps its steps; says how many are there of one that was interrupted."""
    kept = Kept(
        folder=installed.path_of(kind).with_suffix(".steps"),
        key=key(lessons),
        unwritten=lambda error: say(f"{error}训练照常进行，但一旦中断，这一步须重做。"),
    )
    if finished := kept.finished():
        say(f"接着上次中断的训练：已完成的 {finished} 步不再重做……")
    return kept


def key(lessons: Sequence[LabelledMeeting]) -> bytes:
    """Stands for all that decides what training makes: Python, the libraries, the program and its word lists,
    what the meetings hold and their order."""
    libraries = sorted(f"{one.name} {one.version}" for one in distributions())
    digest = hashlib.sha256("\n".join([sys.version, *libraries]).encode())
    for package in ("qa_pipeline", "rubrics"):
        for path in sorted(Path(str(files(package))).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(json.dumps(lessons, default=_plain, sort_keys=True).encode())
    return digest.digest()


def _plain(value: object) -> object:
    """What JSON does not know; sets in one order."""
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    return sorted(value) if isinstance(value, frozenset) else str(value)


def _outcome(
    kind: Kind,
    parts: Split,
    lessons: Sequence[LabelledMeeting],
    current: Figures,
    candidate: Figures,
    current_version: str,
    base: str,
    arrays: bytes,
) -> Outcome:
    about = About(
        version=f"{base}+{hashlib.sha256(arrays).hexdigest()[:8]}",
        base=base,
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
        learned=tuple(sorted(map(fingerprint, lessons))),
        figures={"meetings": candidate.meetings, "score": round(candidate.score, 4)},
    )
    return Outcome(
        kind=kind,
        split=parts,
        current=current,
        candidate=candidate,
        current_version=current_version,
        about=about,
        arrays=arrays,
    )
