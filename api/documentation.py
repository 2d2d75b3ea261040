"""The OpenAPI description: what the framework finds out, and what a generator of clients needs besides.

Each error is one response that all refer to; each type has one name; every type, parameter and field says
what it is, in Chinese; every body has an example; and each operation says whether one has to be signed in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from threading import Lock
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from api.access import COOKIE, Public, caller
from api.etags import TOLD, tagging
from api.glossary import EXAMPLES, WORDS
from api.glossary_types import TYPES
from api.problems import MEDIA_TYPE, SCHEMA
from api.sessions import SAFE, session

ERRORS: Final[Mapping[int, str]] = {
    400: "请求有误",
    401: "未登录，或密钥无效",
    403: "无权限",
    404: "不存在或不在管辖范围",
    409: "状态冲突",
    412: "此后已被他人修改：请重新读取再改",
    413: "请求的正文超过上限",
    422: "内容有误",
    429: "请求过于频繁：按 Retry-After 所说的秒数之后再试",
    503: "数据库、存储或模型暂时没有响应：按 Retry-After 所说的秒数之后再试",
    507: "存储空间已满",
}
"""What operations may answer instead; which of them, their parameters and dependencies tell."""
Operation = tuple[str, str]
"""Method and path."""
DONE: Final = "成功"
"""In the place of the framework's own words."""
UNFIT: Final = 422
"""The framework describes an answer of its own for it, which the service does not give."""
DEEPEST: Final = 6
_REF: Final = "#/components/schemas/"
_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
_MODULE: Final = re.compile(r"api__(\w+?)__(?:\w+?__)?(?=[A-Z])")


class DocumentedAPI(FastAPI):
    """An application whose description is completed once, when somebody first asks for it."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self._describing = Lock()
        self._described: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        with self._describing:
            if self._described is None:
                self._described = completed(super().openapi(), calls=_calls(self))
            return self._described


def completed(document: dict[str, Any], *, calls: Mapping[Operation, Collection[object]]) -> dict[str, Any]:
    """The framework's description, completed; ``calls`` holds what each operation calls before its route."""
    parts = document.setdefault("components", {})
    parts["schemas"] = _named_once(document)
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    parts["schemas"]["Problem"] = {"title": "Problem", "description": "一个错误（RFC 9457）", **SCHEMA}
    parts["responses"] = {str(code): _problem(word) for code, word in ERRORS.items()}
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "其他系统：管理员发给的 API 密钥"},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "人：登录后得到的会话"},
    }
    document["security"] = [{"key": []}, {"session": []}]
    for name, schema in parts["schemas"].items():
        if name in TYPES:
            schema["description"] = TYPES[name]
        for field, told in schema.get("properties", {}).items():
            _describe(told, field, f"{name}.{field}")
    for path, method, operation in _operations(document):
        called = calls[method, path]
        if any(isinstance(call, Public) for call in called):
            operation["security"] = []
        if tagging in called:
            _add_tag(operation)
        _add_errors(operation, set(_errors(method, operation, called)))
        for parameter in operation.get("parameters", ()):
            _describe(parameter, parameter["name"], parameter["name"])
        _add_examples(operation, parts["schemas"])
    for _, _, operation in _operations(document, of="webhooks"):
        operation["security"] = []  # the signature says who sent it
        operation["responses"] = {"2XX": {"description": "收到"}}
        _add_examples(operation, parts["schemas"])
    return document


def example_of(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], *, name: str = "", depth: int = 0
) -> Any:
    """A value that fits the schema: its own example, or one made of its fields' examples."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(_REF)], schemas, name=name, depth=depth + 1)
    if schema.get("examples"):
        given = schema["examples"][0]
        if not isinstance(given, dict):
            return given
        return {
            **_fields(schema, schemas, depth, which=set(schema.get("required", ())) - set(given)),
            **given,
        }
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        if depth > DEEPEST and {"type": "null"} in choices:
            return None
        return example_of(choices[0], schemas, name=name, depth=depth)
    kind = schema.get("type")
    if kind == "object":
        optional = schema.get("properties", ()) if depth < DEEPEST else ()
        return _fields(schema, schemas, depth, which={*schema.get("required", ()), *optional})
    if kind == "array":
        least = 1 if depth < DEEPEST else schema.get("minItems", 0)
        items = example_of(schema.get("items", {}), schemas, name=name.removesuffix("s"), depth=depth + 1)
        return [items] * max(least, schema.get("minItems", 0))
    return _plain(schema, kind, name)


def _fields(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int, *, which: set[str]
) -> dict[str, Any]:
    return {
        field: example_of(told, schemas, name=field, depth=depth + 1)
        for field, told in schema.get("properties", {}).items()
        if field in which
    }


def _plain(schema: Mapping[str, Any], kind: object, name: str) -> Any:
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        return max(1, least) if schema.get("maximum", 1) >= 1 else schema["maximum"]
    if kind == "string":
        by_format = EXAMPLES.get(str(schema.get("format")))
        if by_format is not None:
            return by_format
        fitting = [text for text in (EXAMPLES.get(name, ""), *EXAMPLES.values()) if _fits(text, schema)]
        return fitting[0] if fitting else "a" * int(schema.get("minLength", 1))
    return None


def _fits(text: str, schema: Mapping[str, Any]) -> bool:
    return (
        schema.get("minLength", 1) <= len(text) <= schema.get("maxLength", len(text))
        and re.search(schema.get("pattern", ""), text) is not None
    )


def _calls(app: FastAPI) -> dict[Operation, list[object]]:
    found = {}
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        if dependant is not None:
            called = list(_called(dependant))
            found.update({(method.lower(), context.path or ""): called for method in context.methods or ()})
    return found


def _called(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _called(inner)


def _operations(
    document: Mapping[str, Any], *, of: str = "paths"
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document.get(of, {}).items():
        for method, operation in operations.items():
            if method in _METHODS:
                yield path, method, operation


def _named_once(document: dict[str, Any]) -> dict[str, Any]:
    """The types under names that say what they are; those of the same name get their domain's before it."""
    old: dict[str, Any] = document["components"].get("schemas", {})
    names = {name: _name(name) for name in old}
    for name, schema in old.items():  # pages of types that share a name: by what they hold
        if name.startswith("api__pages__"):
            names[name] = f"Page_{names[schema['properties']['items']['items']['$ref'].removeprefix(_REF)]}_"
    _point(document, names)
    return {names[name]: {**schema, "title": names[name]} for name, schema in old.items()}


def _name(name: str) -> str:
    name = _MODULE.sub(lambda found: found[1].title().replace("_", ""), name)
    return name.replace("-Input", "Input").replace("-Output", "Output")


def _point(value: Any, names: Mapping[str, str]) -> None:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            value["$ref"] = _REF + names[value["$ref"].removeprefix(_REF)]
        if "mapping" in value.get("discriminator", {}):
            mapping = value["discriminator"]["mapping"]
            mapping.update({key: _REF + names[to.removeprefix(_REF)] for key, to in mapping.items()})
        for inner in value.values():
            _point(inner, names)
    elif isinstance(value, list):
        for inner in value:
            _point(inner, names)


def _describe(told: dict[str, Any], name: str, place: str) -> None:
    word = WORDS.get(place) or WORDS.get(name)
    if word and "description" not in told:
        told["description"] = word


def _problem(word: str) -> dict[str, Any]:
    return {"description": word, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}


def _add_tag(operation: dict[str, Any]) -> None:
    for code, response in operation["responses"].items():
        if code.startswith("2"):
            response["headers"] = {
                "ETag": {"description": TOLD, "required": True, "schema": {"type": "string"}}
            }


def _add_examples(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if "json" in kind:  # of files there is none
            content.setdefault("example", example_of(content["schema"], schemas))


def _errors(method: str, operation: Mapping[str, Any], called: Collection[object]) -> Iterator[int]:
    """What the operation may answer instead, as far as it can be told from outside."""
    parameters = operation.get("parameters", ())
    stranger = next((call for call in called if isinstance(call, Public)), None)
    if stranger is None or stranger.limited:
        yield 429
    if caller in called or session in called:
        yield from (401, 403, 503)
    if caller in called:
        yield UNFIT  # a parameter in the address that it does not have
    if parameters or "requestBody" in operation:
        yield from (400, 404, 422)
    if session in called and method.upper() not in SAFE:
        yield from (400, 404, 409, 507)
    if any(parameter["name"] == "If-Match" for parameter in parameters):
        yield 412
    if "requestBody" in operation:
        yield 413


def _add_errors(operation: dict[str, Any], codes: Collection[int]) -> None:
    responses: dict[str, Any] = operation["responses"]
    for code, response in responses.items():
        if response["description"] == "Successful Response":
            response["description"] = DONE
        if code.isdigit() and int(code) >= 400 and "content" not in response:
            response.update(_problem(response["description"]))
    responses.pop(str(UNFIT), None)
    for status in sorted(codes):
        responses.setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
