"""Meeting facts: what is known of a meeting besides its recording.

They come from flags, from the service, or from a sidecar file ``NAME.meeting.yaml`` beside the recording.
What is not given stays unknown (None); what is wrong is refused before work starts, with the place and the
nearest allowed word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from qa_pipeline.clock import lies_ahead
from qa_pipeline.errors import FactsError, reason
from qa_pipeline.names import INDICATORS
from qa_pipeline.source import TOO_DEEP, require_shallow
from qa_pipeline.values.facts import Figure, MeetingFacts, Roster
from qa_pipeline.values.vocabulary import MeetingKind, Theme

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node

Word = TypeVar("Word", MeetingKind, Theme, str)

MAX_BYTES: Final = 256 * 1024
MAX_PEOPLE: Final = 100_000
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2100, 12, 31)
BEIJING: Final = timezone(timedelta(hours=8))
"""All of China keeps one time; a time stamp with another offset is brought to it."""

KINDS: Final[Mapping[str, MeetingKind]] = {
    **{kind.value: kind for kind in MeetingKind},
    "周复盘会": MeetingKind.WEEKLY_REVIEW,
    "周复盘": MeetingKind.WEEKLY_REVIEW,
    "月规划会": MeetingKind.MONTHLY_PLANNING,
    "月规划": MeetingKind.MONTHLY_PLANNING,
}
THEMES: Final[Mapping[str, Theme]] = {
    **{theme.value: theme for theme in Theme},
    "主管领跑周": Theme.SUPERVISOR_LEAD,
    "主管辅导周": Theme.SUPERVISOR_COACHING,
    "招募检视周": Theme.RECRUITMENT_REVIEW,
    "月末冲刺周": Theme.MONTH_END_SPRINT,
}
INDICATOR_WORDS: Final[Mapping[str, str]] = {
    **{code: code for code in INDICATORS},
    **{name: code for code, (name, _) in INDICATORS.items()},
}
FIGURE_KEYS: Final = tuple(field.name for field in fields(Figure))


class _FactsInput(BaseModel):
    """The border: every field as a person may write it, brought to the type the house uses."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    kind: MeetingKind | None = None
    meeting_date: date | None = None
    start_time: time | None = None
    institution: str | None = None
    theme: Theme | None = None
    host: str | None = None
    admin_manager: str | None = None
    deputies: tuple[str, ...] = ()
    expected_attendees: Roster | None = None
    attendees: Roster | None = None
    on_leave: tuple[str, ...] = ()
    on_site: int | None = None
    prepared_at: datetime | None = None
    meeting_minutes: float | None = None
    figures: tuple[Figure, ...] = ()

    @field_validator("kind", mode="before")
    @classmethod
    def _kind(cls, value: Any) -> MeetingKind | None:
        return _word(value, KINDS, "会议类型")

    @field_validator("theme", mode="before")
    @classmethod
    def _theme(cls, value: Any) -> Theme | None:
        return _word(value, THEMES, "周主题")

    @field_validator("meeting_date", mode="before")
    @classmethod
    def _date(cls, value: Any) -> date | None:
        day = _date(value)
        if day is not None and lies_ahead(datetime.combine(day, time(), BEIJING)):
            raise ValueError(f"“{value}”还没有到，请核对会议日期")
        return day

    @field_validator("start_time", mode="before")
    @classmethod
    def _time(cls, value: Any) -> time | None:
        return _time(value)

    @field_validator("prepared_at", mode="before")
    @classmethod
    def _moment(cls, value: Any) -> datetime | None:
        return _moment(value)

    @field_validator("institution", "host", "admin_manager", mode="before")
    @classmethod
    def _text(cls, value: Any) -> str | None:
        if _empty(value):
            return None
        if not isinstance(value, str):
            raise ValueError("应为一段文字")  # noqa: TRY004 - pydantic reports ValueError only
        if len(value) > 200:
            raise ValueError("文字过长（最多 200 字）")
        return value.strip()

    @field_validator("deputies", "on_leave", mode="before")
    @classmethod
    def _names(cls, value: Any) -> tuple[str, ...]:
        return () if _empty(value) else _names(value)

    @field_validator("expected_attendees", "attendees", mode="before")
    @classmethod
    def _roster(cls, value: Any) -> Roster | None:
        if _empty(value) or isinstance(value, Roster):
            return value or None
        if isinstance(value, list | tuple) or (isinstance(value, str) and not _is_number(value)):
            names = _names(value)
            return Roster(count=len(names), names=names) if names else None
        return Roster(count=_count(value))

    @field_validator("on_site", mode="before")
    @classmethod
    def _count(cls, value: Any) -> int | None:
        return None if _empty(value) else _count(value)

    @field_validator("meeting_minutes", mode="before")
    @classmethod
    def _minutes(cls, value: Any) -> float | None:
        if _empty(value):
            return None
        if isinstance(value, bool) or not _is_number(str(value)):
            raise ValueError(f"“{value}”不是分钟数，应为数字，例如 62")
        minutes = float(value)
        if not 0 < minutes <= 24 * 60:
            raise ValueError(f"会议时长 {minutes:g} 分钟不可能，应在 0–1440 分钟之间")
        return minutes

    @field_validator("figures", mode="before")
    @classmethod
    def _figures(cls, value: Any) -> tuple[Figure, ...]:
        if _empty(value):
            return ()
        if not isinstance(value, list | tuple):
            raise ValueError("应为一列，每项写 owner、indicator、value")  # noqa: TRY004 - as above
        if len(value) > MAX_PEOPLE:
            raise ValueError(f"有 {len(value)} 项，过多，请核对")
        read = tuple(_figure(number, one) for number, one in enumerate(value, 1))
        seen: set[tuple[str, str]] = set()
        for figure in read:
            if (what := (figure.owner, figure.indicator)) in seen:
                raise ValueError(f"{figure.owner}的{INDICATORS[figure.indicator][0]}写了两次，请只保留一个")
            seen.add(what)
        return read


KEYS: Final = tuple(_FactsInput.model_fields)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the facts came from: the source's name, and the line and column of each key (from 1)."""

    source: str
    lines: Mapping[str, tuple[int, int]]

    def error(self, message: str, key: str = "") -> FactsError:
        line, column = self.lines.get(key, (0, 0))
        place = f"{self.source} 第 {line} 行第 {column} 列" if line else self.source
        return FactsError(f"{place}：{message}")


def read_facts(path: Path | str) -> MeetingFacts:
    """Read a sidecar NAME.meeting.yaml. Raises FactsError naming file, line, column, key and nearest word."""
    path = Path(path)
    place = _Place(str(path), {})
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise place.error("找不到会议信息文件，请检查路径。") from None
    except OSError as error:
        raise place.error(f"无法读取会议信息文件（{reason(error)}）。") from error
    if len(raw) > MAX_BYTES:
        raise place.error(f"会议信息文件过大（{len(raw) // 1024} KB，最多 {MAX_BYTES // 1024} KB）。")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise place.error("会议信息文件不是 UTF-8 文本，请另存为 UTF-8 编码。") from None
    values, lines = _compose(text, place)
    return _checked(values, _Place(str(path), lines))


def facts_from(values: Mapping[str, Any]) -> MeetingFacts:
    """Facts from a mapping of flags or JSON; keys as in the sidecar. Raises FactsError naming the key."""
    return _checked(values, _Place("会议信息", {}))


def merge(base: MeetingFacts, override: MeetingFacts) -> MeetingFacts:
    """The base facts with everything that the override knows; raises FactsError when they contradict."""
    known = {
        f.name: value for f in fields(override) if (value := getattr(override, f.name)) not in (None, ())
    }
    merged = replace(base, **known)
    _refuse_contradictions(merged, _Place("会议信息", {}))
    return merged


def facts_warnings(facts: MeetingFacts) -> tuple[str, ...]:
    """What is odd in the facts, yet possible; sentences to show beside the result."""
    found: list[str] = []
    expected, present = facts.expected_attendees, facts.attendees
    if expected and present and present.count > expected.count:
        found.append(f"实到 {present.count} 人多于应到 {expected.count} 人，参会率按 100% 计，请核对名单。")
    if expected and expected.names:
        strangers = [name for name in facts.on_leave if name not in expected.names]
        if strangers:
            found.append(f"请假名单中的{'、'.join(strangers)}不在应到名单中，请核对。")
    if present and (both := [name for name in facts.on_leave if name in present.names]):
        found.append(f"{'、'.join(both)}同时在请假名单和实到名单中，按实到计，请核对。")
    return tuple(found)


# ---------------------------------------------------------------- the file


def _compose(text: str, place: _Place) -> tuple[dict[str, Any], dict[str, tuple[int, int]]]:
    """The file's keys and values as plain text, with the position of each key.

    Nodes are composed, not constructed: so 2026-02-30 arrives as written and is refused in Chinese, and every
    key keeps its line and column.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    try:
        require_shallow(text)
        root = YAML().compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = _Place(place.source, {"": (mark.line + 1, mark.column + 1)} if mark else {})
        raise where.error("不是有效的 YAML，请检查缩进、冒号后的空格和引号。") from None
    except (YAMLError, ValueError):
        raise place.error("不是有效的 YAML，文件中可能有不可见的控制字符。") from None
    except RecursionError:
        raise place.error(TOO_DEEP) from None
    if root is None:
        return {}, {}
    if not isinstance(root, MappingNode):
        raise place.error("应为“键: 值”的列表，例如 kind: weekly_review。")
    values: dict[str, Any] = {}
    lines: dict[str, tuple[int, int]] = {}
    for name, node in _pairs(root):
        key = name.value if isinstance(name, ScalarNode) else "?"
        here = (name.start_mark.line + 1, name.start_mark.column + 1)
        if key in lines:
            raise _Place(place.source, {key: here}).error(
                f"键“{key}”重复（第 {lines[key][0]} 行已写过），请只保留一处。", key
            )
        lines[key] = here
        if isinstance(node, ScalarNode):
            values[key] = _scalar(node)
        elif key == "figures" and isinstance(node, SequenceNode):
            values[key] = [_entry(n, place) for n in node.value]
        elif isinstance(node, SequenceNode) and all(isinstance(n, ScalarNode) for n in node.value):
            values[key] = [str(n.value) for n in node.value]
        else:
            raise _Place(place.source, lines).error(f"键“{key}”的值应为一个值或一列名字。", key)
    return values, lines


def _entry(node: Node, place: _Place) -> dict[str, Any]:
    """One given figure; the place of what is wrong in it is its own line, not that of the whole list."""
    from ruamel.yaml.nodes import MappingNode, ScalarNode

    here = _Place(place.source, {"figures": (node.start_mark.line + 1, node.start_mark.column + 1)})
    if not isinstance(node, MappingNode) or not all(
        isinstance(part, ScalarNode) for pair in _pairs(node) for part in pair
    ):
        raise here.error(
            "键“figures”：每项应写成 {owner: 谁, indicator: 指标, value: 数值}，as_of 和 unit 可不写。",
            "figures",
        )
    entry = {str(name.value): _scalar(value) for name, value in _pairs(node)}
    try:
        _figure(0, entry)
    except ValueError as error:
        raise here.error(f"键“figures”：{error}。", "figures") from None
    return entry


def _pairs(root: MappingNode) -> list[tuple[Node, Node]]:
    return list(root.value)


def _scalar(node: Any) -> str | None:
    plain = node.style is None
    return None if plain and node.value in ("", "~", "null", "Null", "NULL") else str(node.value)


# ---------------------------------------------------------------- the checks


def _checked(values: Mapping[str, Any], place: _Place) -> MeetingFacts:
    unknown = [str(key) for key in values if key not in KEYS]
    if unknown:
        raise place.error(f"未知的键“{unknown[0]}”{_nearest(unknown[0], KEYS)}。", unknown[0])
    try:
        read = _FactsInput.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        reason = str(first.get("ctx", {}).get("error", first["msg"]))
        raise place.error(f"键“{key}”：{reason}。", key) from None
    facts = MeetingFacts(**{key: getattr(read, key) for key in KEYS})
    _refuse_contradictions(facts, place)
    return facts


def _refuse_contradictions(facts: MeetingFacts, place: _Place) -> None:
    if facts.expected_attendees and facts.expected_attendees.count == 0:
        raise place.error(
            "键“expected_attendees”：应到人数不能为 0，不清楚时请删去这一行。", "expected_attendees"
        )
    if facts.on_site is not None and facts.attendees and facts.on_site > facts.attendees.count:
        raise place.error(
            f"键“on_site”：现场人数 {facts.on_site} 多于实到人数 {facts.attendees.count}，请核对。", "on_site"
        )
    weekly = facts.kind == MeetingKind.WEEKLY_REVIEW
    sprint = facts.theme == Theme.MONTH_END_SPRINT
    if facts.kind and facts.theme and weekly == sprint:
        allowed = "领跑、辅导、招募三个周主题之一" if weekly else "月末冲刺周"
        held = "周复盘会" if weekly else "月规划会"
        raise place.error(f"键“theme”：{held}的主题应为{allowed}。", "theme")


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?\d+(\.\d+)?", text.strip()) is not None


def _word(value: Any, allowed: Mapping[str, Word], what: str) -> Word | None:
    if _empty(value):
        return None
    text = str(value).strip()
    if text in allowed:
        return allowed[text]
    raise ValueError(f"不认识的{what}“{text}”{_nearest(text, tuple(allowed))}")


def _nearest(word: str, allowed: tuple[str, ...]) -> str:
    from rapidfuzz import fuzz, process

    best = process.extractOne(word, allowed, scorer=fuzz.ratio, score_cutoff=50)
    return f"，是否想写“{best[0]}”" if best else f"，可用：{'、'.join(allowed)}"


def _date(value: Any) -> date | None:
    if _empty(value):
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        day = value
    else:
        found = re.fullmatch(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", str(value).strip())
        if not found:
            raise ValueError(f"“{value}”不是日期，应写成 年-月-日，例如 2026-11-08")
        try:
            day = date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            raise ValueError(f"“{value}”这一天不存在，请核对日期") from None
    _require_in_reach(day, value)
    return day


def _require_in_reach(day: date, value: Any) -> None:
    if not EARLIEST <= day <= LATEST:
        raise _out_of_reach(value)


def _out_of_reach(value: Any) -> ValueError:
    return ValueError(f"“{value}”不在 {EARLIEST.year}–{LATEST.year} 年之间，请核对日期")


def _time(value: Any) -> time | None:
    if _empty(value):
        return None
    if isinstance(value, time):
        return value
    found = re.fullmatch(r"(\d{1,2})[:\uff1a](\d{2})(?:[:\uff1a](\d{2}))?", str(value).strip())
    if not found:
        raise ValueError(f"“{value}”不是时间，应写成 时:分，例如 09:00")
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        raise ValueError(f"“{value}”这个时间不存在，应在 00:00–23:59 之间") from None


def _moment(value: Any) -> datetime | None:
    if _empty(value):
        return None
    if isinstance(value, datetime):
        moment = value
    else:
        text = str(value).strip()
        day, _, clock = text.replace("T", " ").partition(" ")
        if not clock:
            raise ValueError(f"“{text}”缺少时间，应写成 年-月-日 时:分，例如 2026-11-07 18:30")
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            on, at = _date(day), _time(clock)
            if on is None or at is None:
                raise ValueError(f"“{text}”不是时间，应写成 年-月-日 时:分") from None
            moment = datetime.combine(on, at)
    try:
        moment = moment.astimezone(BEIJING).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:  # the first hours of the year 1, the last of the year 9999
        raise _out_of_reach(value) from None
    _require_in_reach(moment.date(), value)
    return moment


def _figure(number: int, given: Any) -> Figure:
    """One entry; raises ValueError (Chinese). ``number`` counts from 1, 0 where its line is told anyway."""
    if isinstance(given, Figure):
        return given
    at = f"第 {number} 项" if number else ""
    if not isinstance(given, Mapping):
        raise ValueError(f"{at}应写成 {{owner: 谁, indicator: 指标, value: 数值}}")  # noqa: TRY004 - as above
    for key in given:
        if key not in FIGURE_KEYS:
            raise ValueError(f"{at}有未知的键“{key}”{_nearest(str(key), FIGURE_KEYS)}")
    if missing := [key for key in ("owner", "indicator", "value") if _empty(given.get(key))]:
        raise ValueError(f"{at}缺少“{missing[0]}”")
    code = _word(given["indicator"], INDICATOR_WORDS, "指标") or ""
    value, unit = _quantity(given["value"], given.get("unit"), *INDICATORS[code])
    return Figure(
        owner=str(given["owner"]).strip()[:200],
        indicator=code,
        value=value,
        unit=unit,
        as_of=_date(given.get("as_of")),
    )


def _quantity(value: Any, unit: Any, name: str, wanted: str) -> tuple[float, str]:
    """(value, unit) in the indicator's own unit: 320万, 320 with 万元, and 3,200,000 are the same."""
    said, given = str(value).replace(",", "").strip(), "" if _empty(unit) else str(unit).strip()
    whole = said if given and said.endswith(given) else said + given
    found = re.fullmatch(rf"([-+]?\d+(?:\.\d+)?)\s*([万亿]?)\s*({re.escape(wanted)})?", whole)
    if not found or (wanted == "%") != (found[3] == "%"):
        example = "62%" if wanted == "%" else f"8.5 万{wanted}" if wanted == "元" else f"8 {wanted}"
        raise ValueError(f"“{whole}”不是{name}的数值，应带单位“{wanted}”，例如 {example}")
    scale = {"": 1.0, "万": 1e4, "亿": 1e8}[found[2]] * (0.01 if wanted == "%" else 1.0)
    return round(float(found[1]) * scale, 6), wanted


def _count(value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"\d+", text):
        raise ValueError(f"“{value}”不是人数，应为不小于 0 的整数")
    if len(text) > len(str(MAX_PEOPLE)) or int(text) > MAX_PEOPLE:
        raise ValueError(f"人数 {text[:20]} 过大，请核对")
    return int(text)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str | list | tuple):
        raise ValueError("应为一列名字，例如 [张三， 李四]")  # noqa: TRY004 - pydantic reports ValueError only
    # Also within a list: with a full-width comma, two names are one word to YAML.
    text = value if isinstance(value, str) else "\n".join(str(part) for part in value)
    names = tuple(name.strip() for name in re.split(r"[、,;\uff0c\uff1b\n]", text) if name.strip())
    if len(names) > MAX_PEOPLE:
        raise ValueError(f"名单有 {len(names)} 人，过长，请核对")
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise ValueError(f"“{twice}”出现两次，重名请加以区分（例如 {twice}A、{twice}B）")
    return names
