"""The rubric language as pydantic models: what a rubric file may say, and nothing else.

A rubric is a frame (whom it applies to, pass line, dimensions), items that score, and criticals that gate.
Whatever is scored is a ``Scale``: a condition on what was said (``said``), a quantity turned into a level
(``value`` with ``line`` or ``levels``), conditions per level (``levels``), a checklist (``points``) or a
question to a judge (``judge``). The JSON Schema for editors is generated from these models.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    model_validator,
)

from qa_pipeline.entries import CHAPTERS, Part, Vocabulary
from qa_pipeline.rubric.heard import PATTERN_LENGTH, compiled
from qa_pipeline.values.vocabulary import Act, Chapter, Dimension, MeetingKind, Theme

MENTION_KINDS = ("indicator", "number", "percent", "money", "person", "office", "date", "customer")
FACTS = (
    "kind",
    "theme",
    "institution",
    "host",
    "speakers_known",
    "duration_minutes",
    "attendees",
    "expected",
)
NUMERIC_FACTS = ("duration_minutes", "attendees", "expected")
SCOPE = ("in", "by", "window", "near", "times")
_WORDING = ("except", "fuzzy", "pinyin")
_BOUNDS = ("at_least", "at_most")
COUNTED = ("count", "rate", "share")
COMBINED = ("all", "any", "none", "same", "some")
BESIDE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("group", "phrase"), (*SCOPE, *_WORDING)),
    "regex": (*SCOPE, "except"),
    **dict.fromkeys(("entity", "act", "longer", "all", "any", "same", "use"), SCOPE),
    "none": ("in", "by", "window", "near"),
    "some": (*SCOPE, "number"),
    "measure": (*_BOUNDS, "by_length"),
    "count": (*_BOUNDS, "by_length", "unit"),
    "rate": (*_BOUNDS, "per", "unit"),
    "share": (*_BOUNDS, "of", "unit"),
    "fact": (*_BOUNDS, "is"),
    "item": _BOUNDS,
}
"""Matter of a quantity or condition -> the keys that mean something beside it. Any other is refused: ignored,
it would change what the rubric says without a word."""


def _listed(value: Any) -> Any:
    """One word or one entry may be written without the list around it."""
    return value if value is None or isinstance(value, list | tuple) else [value]


def _texted(value: Any) -> Any:
    """A version such as 1.0 is text even where YAML reads a number."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _matchable(pattern: str) -> str:
    compiled(pattern)
    return pattern


Words = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
InChapters = Annotated[
    tuple[Chapter, ...], BeforeValidator(_listed, json_schema_input_type=Chapter | list[Chapter])
]
Acts = Annotated[tuple[Act, ...], BeforeValidator(_listed, json_schema_input_type=Act | list[Act])]
Themes = Annotated[tuple[Theme, ...], BeforeValidator(_listed, json_schema_input_type=Theme | list[Theme])]
Kinds = Annotated[
    tuple[MeetingKind, ...], BeforeValidator(_listed, json_schema_input_type=MeetingKind | list[MeetingKind])
]
Level = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, BeforeValidator(_texted, json_schema_input_type=str | float)]
Pattern = Annotated[str, Field(min_length=1, max_length=PATTERN_LENGTH), AfterValidator(_matchable)]
Moment = Annotated[
    str, BeforeValidator(_texted, json_schema_input_type=str | float), Field(pattern=r"^\d+(\.\d+)?%?$")
]


@cache
def groups() -> frozenset[str]:
    """Lexicon groups a condition may name: phrases, terms, and the chapter cues as ``cues.<chapter>``."""
    from qa_pipeline.lexicon import lexicon

    book = lexicon()
    return frozenset([*book.phrases, *book.terms, *(f"cues.{chapter}" for chapter in book.chapter_cues)])


@cache
def measures() -> frozenset[str]:
    """Ids of all measures the code offers."""
    from qa_pipeline.findings.registry import specs

    return frozenset(spec.id for spec in specs())


@cache
def entities() -> frozenset[str]:
    """What an ``entity`` condition may name: a kind of mention, or one indicator by its canonical id."""
    from qa_pipeline.findings.mentions import INDICATORS

    return frozenset([*MENTION_KINDS, *INDICATORS])


ACTS: Vocabulary = ("言语行为", lambda: tuple(Act))
MEASURE_IDS: Vocabulary = ("测量", measures)
GROUPS: Vocabulary = ("词典分组", groups)
ENTITIES: Vocabulary = ("实体", entities)
THEMES: Vocabulary = ("周主题", lambda: tuple(Theme))
KINDS: Vocabulary = ("会议类型", lambda: tuple(MeetingKind))
DIMENSIONS: Vocabulary = ("维度", lambda: tuple(Dimension))
FACT_NAMES: Vocabulary = ("会议事实", lambda: FACTS)


class Window(Part):
    """A stretch of the meeting, in seconds or in per cent of its length (``"10%"``)."""

    start: Moment | None = Field(None, alias="from", description="从第几秒或百分之几开始")
    end: Moment | None = Field(None, alias="to", description="到第几秒或百分之几为止")
    first: Moment | None = Field(None, description="开头的秒数或百分比")
    last: Moment | None = Field(None, description="末尾的秒数或百分比")


class Near(Part):
    """Only hits that stand near a hit of another condition."""

    of: Condition
    within: str = Field(
        "3 utterances", pattern=r"^\d+ (utterances|seconds)$", description="如 3 utterances、60 seconds"
    )
    side: Literal["before", "after", "either"] = Field("either", description="在对方之前、之后或两侧")


class Exclusion(Part):
    """What must not stand in the same utterance, or within so many characters of the hit."""

    vocabulary = {"group": GROUPS}
    group: Words = ()
    phrase: Words = ()
    regex: Pattern | None = None
    characters: int | None = Field(None, ge=1, description="只看命中处前后这么多字；不写则看整句")


class Quantity(Part):
    """A number: a measure of the code, or utterances (speakers, seconds) counted by a condition. Give exactly
    one of ``measure``, ``count``, ``rate`` (with ``per``), ``share`` (of ``of``, else of all utterances)."""

    vocabulary = {"measure": MEASURE_IDS}
    matters: ClassVar[tuple[str, ...]] = ("measure", "count", "rate", "share")
    measure: str | None = Field(None, description="测量的 id，见 huijian rubric measures")
    count: Condition | None = Field(None, description="符合条件的语句数")
    rate: Condition | None = Field(None, description="每 per 中符合条件的语句数")
    share: Condition | None = Field(None, description="符合条件的语句占 of 的比例")
    of: Condition | None = None
    per: Literal["10 minutes", "100 utterances", "1000 characters"] | None = None
    unit: Literal["utterances", "speakers", "seconds"] = Field(
        "utterances", description="按语句数、说话人数，还是说话的秒数"
    )
    by_length: bool = Field(
        False, description="条数先除以篇幅倍数（测量 relative_length）：会开得越长，同样的条数越不稀奇"
    )

    @model_validator(mode="after")
    def _one_quantity(self) -> Self:
        given = [name for name in self.matters if _given(self, name)]
        if len(given) != 1:
            raise ValueError(f"要且只要写一个：{'、'.join(_spelled(m) for m in self.matters)}")
        matter = _spelled(given[0])
        for name, field in type(self).model_fields.items():
            key = field.alias or name
            stray = name not in self.matters and key not in BESIDE[matter]
            if stray and getattr(self, name) != field.default:
                raise ValueError(f"「{key}」写在 {matter} 旁边不起作用，{where_to(key, matter)}")
        if self.rate is not None and self.per is None:
            raise ValueError("写了 rate 就要写 per")
        return self


class Condition(Quantity):
    """A condition on what is said, on a measure or the meeting: exactly one matter; other keys narrow it."""

    vocabulary = {
        "measure": MEASURE_IDS,
        "group": GROUPS,
        "entity": ENTITIES,
        "act": ACTS,
        "in": CHAPTERS,
        "fact": FACT_NAMES,
    }
    matters = (
        *("group", "phrase", "regex", "entity", "act", "longer"),
        *("all_of", "any_of", "none_of", "same", "at_least_of", "use"),
        *("measure", "count", "rate", "share", "fact", "item"),
    )
    group: Words = Field((), description="词典分组中的任一词语")
    phrase: Words = Field((), description="任一短语（标点和空格不计）")
    regex: Pattern | None = Field(
        None,
        description="正则表达式（不分大小写），逐句在去掉标点和空格、全角变半角的文字上匹配，"
        "不跨句；^ 和 $ 是一句的首尾",
    )
    entity: Words = Field((), description="同一句里都要出现的实体：种类或指标 id")
    act: Acts = Field((), description="语句在做什么，任一即可")
    longer: int | None = Field(None, ge=1, description="不少于这么多字的语句")
    all_of: tuple[Condition, ...] = Field((), alias="all", description="全部成立")
    any_of: tuple[Condition, ...] = Field((), alias="any", description="任一成立")
    none_of: tuple[Condition, ...] = Field((), alias="none", description="全部不成立")
    same: tuple[Condition, ...] = Field((), description="在同一句里全部成立")
    at_least_of: tuple[Condition, ...] = Field((), alias="some", description="其中至少 number 个成立")
    number: int = Field(1, ge=1, description="some 中至少几个")
    use: str | None = Field(None, description="definitions 里起了名的条件")
    fact: str | None = Field(None, description="会议事实")
    is_: Words = Field((), alias="is", description="事实等于其中之一")
    item: str | None = Field(None, description="某一项的得分档（只能用在 criticals 里）")
    at_least: float | None = None
    at_most: float | None = None
    in_: InChapters = Field((), alias="in", description="只在这些章节里")
    by: Literal["host", "other"] | None = Field(None, description="只看主持人（host）或其他人（other）说的")
    window: Window | None = None
    near: Near | None = None
    except_: Exclusion | None = Field(None, alias="except")
    fuzzy: int | None = Field(None, ge=50, le=100, description="短语的相似度门槛（百分）")
    pinyin: bool = Field(False, description="同音也算；与 fuzzy 同写时，读音近似到门槛也算")
    times: int = Field(1, ge=1, description="至少出现在几句里")

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        compared = self.at_least is not None or self.at_most is not None
        numeric = any(_given(self, name) for name in ("measure", "count", "rate", "share", "item"))
        if numeric and not compared:
            raise ValueError("数量要有 at_least 或 at_most")
        if self.fact is not None and bool(self.is_) == compared:
            raise ValueError("fact 要配 is，或 at_least / at_most（二选一）")
        if compared and self.fact is not None and self.fact not in NUMERIC_FACTS:
            told = f"会议事实 {self.fact} 不是数字，要用 is"
            raise ValueError(f"{told}；at_least / at_most 只用于 {'、'.join(NUMERIC_FACTS)}")
        return self


class Step(Part):
    """One level and what earns it: bounds on the item's ``value``, or a condition."""

    level: Level
    at_least: float | None = None
    at_most: float | None = None
    said: Condition | None = None


class Judge(Part):
    """A question to a language model that must quote the transcript; N/A when none is configured."""

    question: str = Field(min_length=4)
    scale: tuple[Level, ...] = (0, 0.25, 0.5, 0.75, 1)
    in_: InChapters = Field((), alias="in")


class Scale(Part):
    """How something becomes a level between 0 and 1."""

    said: Condition | None = Field(None, description="成立即满分")
    value: Quantity | None = Field(None, description="数量，由 line 或 levels 换成得分档")
    line: tuple[tuple[float, Level], ...] = Field((), description="折线：[数量, 得分档] 的列表，数量递增")
    levels: tuple[Step, ...] = Field((), description="从上往下第一条成立的就是得分档；都不成立为 0")
    when: Condition | None = Field(None, description="不成立时本项不适用，退出分母")
    themes: Themes = Field((), description="只用于这些周主题")
    vocabulary = {"themes": THEMES}

    @model_validator(mode="after")
    def _one_way_to_level(self) -> Self:
        if self.value is not None and bool(self.line) == bool(self.levels):
            raise ValueError("value 要配 line 或 levels（二选一）")
        if self.line:
            xs = [x for x, _ in self.line]
            if len(xs) < 2 or xs != sorted(set(xs)):
                raise ValueError("line 至少两个点，且数量严格递增")
            if self.value is None:
                raise ValueError("line 要有 value")
        for step in self.levels:
            bounded = step.at_least is not None or step.at_most is not None
            if bounded == (step.said is not None):
                raise ValueError("levels 的每一档要写 at_least / at_most 或 said（二选一）")
            if bounded and self.value is None:
                raise ValueError("levels 用了 at_least / at_most 就要写 value")
        return self


class Point(Scale):
    """One line of a checklist, met or not met (or met in part, by ``value`` or ``levels``)."""

    id: str
    label: str
    weight: float = Field(1, gt=0)
    rule: str | None = Field(None, pattern=r"^R\d{1,2}$", description="规则手册的编号")
    suggestion: str = Field("", description="没做到时，下次怎么做")
    at: str = Field("", description="建议指着哪一句说：这项测量的第一处原话")
    vocabulary = {"themes": THEMES, "at": MEASURE_IDS}


class Suggestion(Part):
    at_most: Level = Field(description="得分档不高于此时给出")
    say: str = Field(min_length=4)
    at: str = Field("", description="建议指着哪一句说：这项测量的第一处原话")
    vocabulary = {"at": MEASURE_IDS}


class Cap(Part):
    """A limit on the level while a condition holds."""

    when: Condition
    level: Level
    reason: str = Field(min_length=2)


class Doubt(Part):
    """A reason to trust the item less; it widens the band, not the score."""

    when: Condition
    confidence: Level
    reason: str = Field(min_length=2)


class Example(Part):
    """A short dialogue and the level it must earn. Lines are ``甲: 文字``; ``== chapter`` opens a chapter."""

    says: tuple[str, ...] = Field(min_length=1)
    level: Level
    tolerance: float = Field(0.13, ge=0, le=1)
    theme: Theme | None = None
    host: str | None = None
    measures: dict[str, float] = Field(default_factory=dict, description="例子里给定的测量值")
    vocabulary = {"theme": THEMES}


class Item(Scale):
    """One scored line of the rubric."""

    vocabulary = {"themes": THEMES, "dimension": DIMENSIONS}
    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    label: str
    why: str = Field(description="为什么重要")
    dimension: Dimension
    weight: float = Field(ge=0)
    points: tuple[Point, ...] = ()
    judge: Judge | None = None
    critical: bool = Field(False, description="得零分档即一票否决；分数本身不改写")
    step: Level | None = Field(None, description="得分档的刻度，不写用 level_step")
    caps: tuple[Cap, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    evidence: Condition | None = Field(None, description="测量没有自带证据时，从这里取证据")
    suggestions: tuple[Suggestion, ...] = ()
    examples: tuple[Example, ...] = ()

    @model_validator(mode="after")
    def _one_way_to_score(self) -> Self:
        ways = [
            self.said is not None,
            self.value is not None or bool(self.levels),
            bool(self.points),
            self.judge is not None,
        ]
        if sum(ways) != 1:
            raise ValueError("要且只要写一种计分：said、value、levels、points、judge")
        return self


class CriticalRule(Part):
    """A gate: fails the meeting whatever its score, or with ``review`` freezes it for a person."""

    id: str
    label: str
    when: Condition
    reason: str = Field(min_length=4)
    review: bool = False
    doubt: Condition | None = Field(
        None, description="成立时拿不准：分数够得着合格线的，不否决，冻结结论转人工"
    )


class DimensionWeight(Part):
    vocabulary = {"id": DIMENSIONS}
    id: Dimension
    label: str
    weight: float = Field(gt=0)


class AppliesTo(Part):
    vocabulary = {"kinds": KINDS, "themes": THEMES}
    kinds: Kinds = Field(min_length=1)
    themes: Themes = ()
    institutions: Words = ()
    start: date | None = Field(None, alias="from", description="生效日期（含）")
    until: date | None = Field(None, description="失效日期（含）")


class Band(Part):
    """How uncertainty becomes the half-width of the score band, in points."""

    least: float = Field(2, ge=0, description="再有把握也有这么宽")
    most: float = Field(20, gt=0, description="再没把握也不超过这么宽")
    swing: float = Field(0.5, ge=0, description="没把握的一项最多偏离其权重的几成")
    recognition_good: Level = Field(0.85, description="识别置信度到此为好")
    recognition_slope: float = Field(20, ge=0, description="识别置信度每低 1 加宽几分")


class RubricFile(Part):
    """A whole rubric as written."""

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    version: Text
    label: str
    extends: str | None = Field(None, description="以另一个量规为底：名字或文件")
    applies_to: AppliesTo
    pass_line: float = Field(ge=0, le=100)
    level_step: Level = Field(0.25, description="得分档的刻度，0 为不取整")
    dimensions: tuple[DimensionWeight, ...] = Field(min_length=1)
    band: Band = Field(default_factory=lambda: Band.model_validate({}))
    definitions: dict[str, Condition] = Field(default_factory=dict)
    items: tuple[Item, ...] = Field(min_length=1)
    criticals: tuple[CriticalRule, ...] = ()


def _given(part: Quantity, name: str) -> bool:
    value = getattr(part, name)
    return value is not None and value != ()


def where_to(key: str, matter: str) -> str:
    """Where a key belongs that stands beside the wrong matter."""
    inner = (*SCOPE[:-1], *_WORDING) if matter in COUNTED else _WORDING if matter in COMBINED else ()
    if key in inner:
        return f"要写到 {matter} 里面的条件上"
    if matter == "use" and key in _WORDING:
        return "要写到 definitions 里的那个条件上"
    told = f"它只用于 {'、'.join(m for m, keys in BESIDE.items() if key in keys)}"
    return told + {"at_least": "；出现几句用 times", "times": "；数量用 at_least"}.get(key, "")


def _spelled(name: str) -> str:
    return {"all_of": "all", "any_of": "any", "none_of": "none", "at_least_of": "some"}.get(name, name)


Quantity.model_rebuild()
Condition.model_rebuild()
Near.model_rebuild()
