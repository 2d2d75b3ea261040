"""Rubrics, what is wrong with them and what they would change, as requests and answers hold them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.fields import Code, Given, Instant, Line, Month, example
from api.rubrics.tables import RubricState
from qa_pipeline.values.vocabulary import MeetingKind, Theme

Yaml = Annotated[str, StringConstraints(min_length=1, max_length=400_000, pattern=r"^[^\x00]*$")]


class RubricHead(BaseModel):
    """A rubric that scores or has scored."""

    id: str
    version: str
    label: str
    shipped: bool = Field(description="随程序提供；公司没有发布适用的量规时采用")
    state: RubricState
    kinds: list[MeetingKind]
    themes: list[Theme]
    institutions: list[str] = Field(description="适用机构名称；空为全部")
    first: date | None = Field(description="生效日（含）")
    last: date | None = Field(description="失效日（含）")
    pass_line: float
    items: int
    sha256: str
    published_by: str | None
    published_at: Instant | None


class RubricOut(RubricHead):
    yaml: str


class DraftIn(Given):
    model_config = ConfigDict(
        json_schema_extra=example(title="周复盘会 2.0", yaml="extends: weekly_review\nid: weekly_review\n")
    )

    title: Line
    yaml: Yaml = Field(description="量规全文；允许保存尚未写对的草稿")


class DraftHead(BaseModel):
    code: str
    title: str
    edited_by: str
    edited_at: Instant


class DraftOut(DraftHead):
    yaml: str


class LintIn(Given):
    model_config = ConfigDict(json_schema_extra=example(yaml="id: weekly_review\n"))

    yaml: Yaml


class ProblemOut(BaseModel):
    line: int | None = Field(description="行，从 1 数起")
    column: int | None = Field(description="列，从 1 数起")
    text: str


class LintOut(BaseModel):
    """What is wrong (the rubric cannot be used) and what is unwise (it can)."""

    valid: bool
    problems: list[ProblemOut]
    remarks: list[str]


class ExampleOut(BaseModel):
    item: str
    number: int
    expected: float
    level: float | None
    passed: bool
    reason: str


class ExamplesOut(BaseModel):
    """The rubric's own examples, scored by the real reader; one that fails keeps it from being published."""

    total: int
    failed: int
    outcomes: list[ExampleOut]


class DiffIn(Given):
    model_config = ConfigDict(json_schema_extra=example(month="2026-09", below="3501"))

    month: Month
    below: Code | None = Field(None, description="机构代码；不填为全部可见机构")


class DiffRow(BaseModel):
    """One meeting under the rubric now in force and under the draft; verdicts by the score alone."""

    meeting: str
    old_score: float
    new_score: float
    old_verdict: str
    new_verdict: str
    flips: bool
    items: list[str] = Field(description="得分有变的项")


class DiffOut(BaseModel):
    """What publishing would change for the month's inspected meetings; nothing is rewritten."""

    compared: int
    not_applicable: int = Field(description="草稿不适用的会议")
    changed: int
    flipped: int
    rows: list[DiffRow] = Field(description="有变化的会议，变化大的在前")


class DiffLine(BaseModel):
    """One meeting of a comparison that is told while it goes on."""

    done: int = Field(description="第几场")
    total: int = Field(description="共几场；done 等于 total 即为最后一行")
    meeting: str
    applies: bool = Field(description="草稿是否适用")
    row: DiffRow | None = Field(description="没有变化为 null")
