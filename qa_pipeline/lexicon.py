"""The domain lexicon (rubrics/lexicon.yaml): terms, cue phrases and homophone repairs, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from qa_pipeline.values.vocabulary import Chapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Homophone:
    """How mishearings of one term are repaired.

    ``mode`` is ``replace`` (always), ``replace_in_domain`` (in meetings of this domain, so always here),
    ``context`` (only where the regular expression ``context`` matches nearby; an empty one is off) or
    ``normalize`` (a legitimate spelling brought to the canonical one). ``not_followed_by`` guards all modes.
    ``words`` are the variants that people also say in earnest: these need their context right after them, in
    every mode.
    """

    term: str
    mode: str
    variants: tuple[str, ...]
    context: str = ""
    not_followed_by: str = ""
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    terms: Mapping[str, tuple[str, ...]]
    """Group -> terms (the word dictionary)."""
    phrases: Mapping[str, tuple[str, ...]]
    """Group -> phrases: ``questioning.why``, ``commitment``, ``recognition``, ``act_summary``,
    ``weak_or_evasive``, ``one_way_reading``, ``compliance_risk``, ``compliance_negation`` …"""
    chapter_cues: Mapping[Chapter, tuple[str, ...]]
    homophones: tuple[Homophone, ...]
    context_chars: int
    """How near, in characters, the context of a mishearing has to stand."""
    term_frequency: int
    """How often a term is said, on the scale of jieba's word list."""
    whisper_prompt: str


@cache
def lexicon() -> Lexicon:
    """The shipped lexicon. It is part of the package, so a failure to read it is a broken installation."""
    from ruamel.yaml import YAML

    data: dict[str, Any] = YAML(typ="safe").load((files("rubrics") / "lexicon.yaml").read_text("utf-8"))
    phrases: dict[str, tuple[str, ...]] = {}
    for group in (
        "commitment",
        "recognition",
        "act_summary",
        "weak_or_evasive",
        "one_way_reading",
        "compliance_risk",
        "compliance_negation",
    ):
        phrases[group] = tuple(data[group])
    for name, items in data["questioning"].items():
        phrases[f"questioning.{name}"] = tuple(items)
    cues = data["chapter_cues"]
    return Lexicon(
        terms={group: tuple(items) for group, items in data["terms"].items()},
        phrases=phrases,
        chapter_cues={Chapter(name): tuple(entry["cues"]) for name, entry in cues.items()},
        homophones=tuple(
            Homophone(
                term=term,
                mode=entry["mode"],
                variants=tuple(str(v) for v in entry["variants"]),
                context=entry.get("context", ""),
                not_followed_by=entry.get("not_followed_by", ""),
                words=frozenset(entry.get("words", ())),
            )
            for term, entry in data["asr_homophones"].items()
        ),
        context_chars=int(data["context_chars"]),
        term_frequency=int(data["term_frequency"]),
        whisper_prompt=data["whisper_prompt"],
    )
