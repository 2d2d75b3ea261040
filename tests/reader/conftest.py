"""One meeting for all tests of this folder, as the local reader reads it, and a model that reads it well."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.chapters.corpus import CORPUS, read_meeting
from qa_pipeline.pipeline import inspect
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Act, Chapter
from tests.model_server import Request

MEETING = read_meeting(CORPUS / "A" / "A01.txt")
TRANSCRIPT = MEETING.transcript
FACTS: MeetingFacts = replace(
    MEETING.facts, institution="秦州营业部", host="马建军", admin_manager="马建军", on_leave=("尉迟春",)
)
LABELS = [s.chapter for s in MEETING.chapters.spans for _ in range(s.first, s.last)]
"""The true chapter of each utterance."""


@pytest.fixture(scope="session")
def local() -> Inspection:
    return inspect(TRANSCRIPT, facts=FACTS, transcript=TRANSCRIPT)


@dataclass(frozen=True, kw_only=True)
class Careful:
    """A model that labels as it is told to, and answers only of the utterances it is shown."""

    labels: list[Chapter]
    acts: dict[int, frozenset[Act]]
    actions: tuple[dict[str, Any], ...] = ()
    practices: tuple[dict[str, Any], ...] = ()
    issues: tuple[dict[str, Any], ...] = ()
    items: tuple[dict[str, Any], ...] = ()

    def __call__(self, request: Request) -> dict[str, Any]:
        rules, data = (message["content"] for message in request["messages"][:2])
        shown = [int(n) for n in re.findall(r"^\[(\d+)\]", data, re.MULTILINE)]
        return {"items": list(self.items)} if '"items"' in rules else self.window(shown)

    def window(self, shown: list[int]) -> dict[str, Any]:
        spans: list[dict[str, Any]] = []
        for number in shown:
            chapter = self.labels[number - 1].value
            if spans and spans[-1]["chapter"] == chapter:
                spans[-1]["last"] = number
            else:
                spans.append({"chapter": chapter, "first": number, "last": number})
        return {
            "chapters": spans,
            "acts": [
                {"utterance": n, "acts": sorted(a.value for a in self.acts[n])}
                for n in shown
                if self.acts.get(n)
            ],
            "actions": [a for a in self.actions if a["utterance"] in shown],
            "practices": [p for p in self.practices if set(p["utterances"]) <= set(shown)],
            "issues": [p for p in self.issues if set(p["utterances"]) <= set(shown)],
        }


@pytest.fixture(scope="session")
def careful(local: Inspection) -> Careful:
    """It sees the acts that the local reader sees, and the true chapters."""
    acts = {n: frozenset(a for a, _ in r.acts) for n, r in enumerate(local.findings.readings, 1)}
    return Careful(labels=LABELS, acts=acts)


SETTINGS = {"MODEL": "qwen", "TIMEOUT": "5", "TRUSTED": "127.0.0.1"}
Inspect = Callable[..., Inspection]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Inspect:
    """Inspect the meeting with the reader and the model's address; settings as keywords (PRICE_IN="2")."""

    def run(reader: str, url: str, *, transcript: Transcript = TRANSCRIPT, **settings: str) -> Inspection:
        monkeypatch.setenv("HUIJIAN_DATA_FOLDER", str(tmp_path))
        for name, value in {**SETTINGS, "URL": url, **settings}.items():
            monkeypatch.setenv(f"HUIJIAN_READER_{name}", value)
        return inspect(transcript, facts=FACTS, transcript=transcript, reader=reader)

    return run
