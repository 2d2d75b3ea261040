"""What is wrong with a request, in the words of the forms: a field is called what its description begins
with.

OpenAPI shows the same descriptions (see api/glossary.py), so that one word stands for a field everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.glossary import WORDS

MOST_TOLD: Final = 3
"""More are wrong only where a program sent it, which reads ``problems``."""
_WHOLE, _NUMBER, _YES_NO = "须为整数", "须为数字", "须为 true 或 false"
_DAY, _MOMENT = "不是有效的日期或月份", "不是有效的时间，须如 2026-09-08T09:00:00+08:00"
WRONG: Final[Mapping[str, str]] = {
    "missing": "必填",
    "extra_forbidden": "不是这里的字段",
    "json_invalid": "不是有效的 JSON",
    "string_type": "须为文字",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "至多 {max_length} 个字符",
    "starred": "含有隐去后的号码，请填写完整的号码或删去",
    "too_short": "至少 {min_length} 项",
    "too_long": "至多 {max_length} 项",
    "enum": "须为 {expected} 之一",
    "literal_error": "须为 {expected} 之一",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "不得小于 {ge}",
    "less_than": "须小于 {lt}",
    "less_than_equal": "不得大于 {le}",
    "decimal_max_digits": "至多 {max_digits} 位数字",
    "decimal_max_places": "至多 {decimal_places} 位小数",
    "timezone_aware": "须带时区，如 2026-09-08T09:00:00+08:00",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _WHOLE),
    **dict.fromkeys(
        ("float_type", "float_parsing", "decimal_type", "decimal_parsing", "finite_number"), _NUMBER
    ),
    **dict.fromkeys(("bool_type", "bool_parsing"), _YES_NO),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _DAY
    ),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "datetime_from_date_parsing"), _MOMENT),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "须为 JSON 对象"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type"), "须为 JSON 数组"),
}
"""By the type of pydantic's error; its own words are English."""
PATTERNS: Final[Mapping[str, str]] = {
    r"^[\w.:@-]+$": "只能用文字、数字和 . : @ _ -，中间不留空格",
    r"^[\w.@-]+$": "只能用文字、数字和 . @ _ -，中间不留空格",
    r"^[\w.@ -]+$": "只能用文字、数字、空格和 . @ _ -",
    r"^[\w-]+$": "只能用文字、数字和 _ -",
    r"^[0-9+][0-9 -]{4,30}$": "须为电话号码，如 0591-87654321",
    r"^[\x21-\x7e]+$": "只能用英文字母、数字和符号，中间不留空格",
    r"^[0-9a-f]{32}$": "须为 32 位十六进制编号",
    r"^1$": "须为 1",
    r"^https?://[^/\s]+": "须以 http:// 或 https:// 开头，如 https://huijian.example.com",
    **dict.fromkeys((r"^[^\x00]*$", r"^[^\x00]+$"), "不得含空字符"),
    **dict.fromkeys((r"^[^\x00-\x1f\x7f]*$", r"^[^\x00-\x1f\x7f]+$"), "不得含控制字符"),
}
"""What fits a pattern, in words."""
_OTHERWISE: Final = "不符合要求"


def require_known_query(request: Request) -> None:
    """A filter that is misspelt would be answered with everything. Raises RequestValidationError.

    Asked of who is signed in only: identity providers and calendar programs add parameters of their own.
    """
    known = set(_queries(request.scope["route"].dependant)) if request.query_params else set()
    if unknown := [name for name in request.query_params if name not in known]:
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name)} for name in unknown]
        )


def problems(errors: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of each field by its id, for programs; never the value itself, which may be personal."""
    return [f"{_place(error)}：{wrong(error)}" for error in errors]


def sentence(errors: Sequence[Mapping[str, Any]], route: Any) -> str:
    """The same for who filled in a form: what each field is called there, and what is expected of it."""
    empty, told = [], []
    for error in errors:
        if error["type"] == "extra_forbidden":  # no form calls it anything
            told.append(f"“{error['loc'][-1]}”{wrong(error)}")
        elif _is_empty(error):
            empty.append(_label(error["loc"], route))
        else:
            told.append(f"{_label(error['loc'], route)}{wrong(error)}")
    if empty:
        told.insert(0, f"请填写{'、'.join(dict.fromkeys(empty))}")
    return "".join(f"{one}。" for one in dict.fromkeys(told[:MOST_TOLD]))


def first_words(description: str) -> str:
    """What a description begins with, which is what the field is called."""
    return re.split(r"[，。；：:（(、]", description, maxsplit=1)[0]


def described(owner: str, name: str, field: FieldInfo) -> str:
    """As api/documentation.py says it: by the field itself, else by the glossary."""
    return field.description or WORDS.get(f"{owner}.{name}") or WORDS.get(name) or name


def _queries(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _queries(inner)


def wrong(error: Mapping[str, Any]) -> str:
    """What is expected of a value instead, to stand behind the name of its field."""
    told = {key: str(value) for key, value in error.get("ctx", {}).items()}
    told["expected"] = re.sub(", | or ", "、", told.get("expected", ""))
    if error["type"] == "string_pattern_mismatch":
        return PATTERNS.get(told["pattern"], _OTHERWISE)
    return WRONG.get(error["type"], _OTHERWISE).format(**told)


def _is_empty(error: Mapping[str, Any]) -> bool:
    """Nothing was filled in, in whatever way the form says that."""
    given = error.get("input")
    return error["type"] == "missing" or given is None or (isinstance(given, str) and not given.strip())


def _place(error: Mapping[str, Any]) -> str:
    loc = error["loc"]
    return "".join(f".{part}" for part in loc[1:]).lstrip(".") or str(loc[0])


def _label(loc: Sequence[str | int], route: Any) -> str:
    """Of the field that is wrong; of a list it is the number of its line as well."""
    label, line = "请求的内容", ""
    for name, part in zip(_called(loc, route), loc[1:], strict=False):
        label = name or label
        line = f"第 {part + 1} 项的" if isinstance(part, int) else line
    return line + label


def _called(loc: Sequence[str | int], route: Any) -> Iterator[str]:
    """What each part of a place is called; "" for the number in a list and for a choice between types."""
    where, *path = loc
    dependant = route.dependant
    if where != "body":
        params = getattr(dependant, f"{where}_params", ())
        field = next((one.field_info for one in params if path and one.alias == path[0]), None)
        yield first_words(described("", str(path[0]), field)) if field is not None else str(path[0])
        return
    body = dependant.body_params
    kinds: list[Any] = [body[0].field_info.annotation] if len(body) == 1 else []
    for part in path:
        fields = {
            field.alias or name: (kind.__name__, name, field)
            for kind in _models(kinds)
            for name, field in kind.model_fields.items()
        }
        if part in fields:
            owner, name, field = fields[str(part)]
            kinds = [field.annotation]
            yield first_words(described(owner, name, field))
        else:
            yield ""


def _models(kinds: Sequence[Any]) -> Iterator[type[BaseModel]]:
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield kind
        yield from _models(get_args(kind))
