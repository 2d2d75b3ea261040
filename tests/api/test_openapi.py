"""The OpenAPI description is good enough to generate a client from: one is generated, and used over HTTP."""

from __future__ import annotations

import importlib
import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args

import pytest
import uvicorn
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from openapi_python_client import MetaType, generate
from openapi_python_client.config import Config, ConfigFile
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import Engine

from api.access import Permission, hashed
from api.accounts.tables import Account, ApiKey, Role
from api.app import create_app
from api.database import migrate
from api.glossary_types import TYPES
from api.settings import Settings
from api.validation import PATTERNS, first_words
from models.database import connect, transaction
from tests.api.company import found_company
from tests.api.results import hold
from tests.sound import tone, write_sound

KEY = "hj_of_another_system"
BYTES = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/zip",
    "application/offset+octet-stream",
    "audio/*",
    "audio/mp4",
)
"""What the generator has to be told is a file."""
ELSEWHERE = {r"^20\d\d-(0[1-9]|1[0-2])$"}
"""Patterns that describe a month or a number, which is refused as such."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('openapi') / 'huijian.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def app(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(Settings(data_folder=tmp_path_factory.mktemp("data")), engine=engine)


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def test_everything_has_one_name_and_says_what_it_is(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    silent = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, told in schema.get("properties", {}).items()
        if "description" not in told and "$ref" not in told
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            silent += [f"{method} {path}"] * (not operation.get("summary"))
            told = operation.get("description", "")
            silent += [f"{method} {path}: {told}"] * (told != "" and told.isascii())
            parameters = operation.get("parameters", [])
            silent += [f"{method} {path} {p['name']}" for p in parameters if not p.get("description")]
    assert not silent, "say it where it is defined, or in api/glossary.py"
    assert [name for name in schemas if "__" in name or "-" in name] == []
    assert all(schema["title"] == name for name, schema in schemas.items())


def test_every_field_and_parameter_begins_with_what_forms_call_it(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    unnamed = [
        f"{name}.{field}: {told['description']}"
        for name in sorted(given_types(document))
        for field, told in schemas[name].get("properties", {}).items()
        if not re.fullmatch(
            r"(?:[\u4e00-\u9fff][\u4e00-\u9fff0-9A-Z ]*|YAML)", first_words(told["description"])
        )
        or re.match("不填|只|须", told["description"])
    ]
    unnamed += [
        f"{operation['operationId']} {parameter['name']}: {parameter['description']}"
        for operation in operations(document)
        for parameter in operation.get("parameters", ())
        if re.match("[a-z0-9]", parameter["description"])
    ]
    assert unnamed == []


def given_types(document: dict[str, Any]) -> set[str]:
    """The types that a body is made of."""
    found: set[str] = set()
    parts = [
        content["schema"]
        for operations in document["paths"].values()
        for operation in operations.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if "json" in kind
    ]
    while parts:
        for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(parts.pop())):
            if name not in found:
                found.add(name)
                parts.append(document["components"]["schemas"][name])
    return found


def test_no_body_passes_over_a_field_that_it_does_not_know(document: dict[str, Any]) -> None:
    """A misspelt dry_run would otherwise start the batch in earnest."""
    given = {name: document["components"]["schemas"][name] for name in given_types(document)}
    loose = [n for n, schema in given.items() if schema.get("additionalProperties", "properties" in schema)]
    assert loose == [], "derive it from api.fields.Given"


def test_what_fits_a_pattern_is_told_in_words(document: dict[str, Any]) -> None:
    given = json.dumps([document["components"]["schemas"][name] for name in given_types(document)])
    found = {json.loads(f'"{one}"') for one in re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', given)}
    assert sorted(found - PATTERNS.keys() - ELSEWHERE) == []


def test_what_describes_anything_is_chinese(document: dict[str, Any]) -> None:
    assert [told for told in descriptions(document) if not re.search("[\u4e00-\u9fff]", told)] == [], (
        "of types say it in api/glossary_types.py"
    )
    schemas = document["components"]["schemas"]
    assert sorted(name for name, schema in schemas.items() if not schema.get("description")) == []
    assert TYPES.keys() == schemas.keys() - {"Problem"}, "a docstring is for who reads the code"


def descriptions(part: Any) -> Iterator[str]:
    """Every description that a part of the document holds."""
    for name, inner in part.items() if isinstance(part, dict) else ():
        if name == "description" and isinstance(inner, str):
            yield inner
        elif name not in ("example", "examples"):
            yield from descriptions(inner)
    for inner in part if isinstance(part, list) else ():
        yield from descriptions(inner)


def test_every_moment_in_an_answer_is_told_in_the_companys_zone(document: dict[str, Any]) -> None:
    given, told, elsewhere = datetime(2026, 9, 8, 1, tzinfo=UTC), b'"2026-09-08T09:00:00+08:00"', []
    fields = [
        (f"{model.__name__}.{name}", Annotated[field.annotation, *field.metadata, None])
        for model in models()
        for name, field in model.model_fields.items()
        if datetime in (field.annotation, *map(bare, get_args(field.annotation)))
    ]
    for name, kind in fields:
        adapter = TypeAdapter(kind)
        if adapter.dump_json(adapter.validate_python(given)) != told:
            elsewhere.append(name)
    assert elsewhere == [], "an answer's moment is an api.fields.Instant"
    assert len(fields) > 40


def bare(kind: Any) -> Any:
    """Without what is annotated to it."""
    return getattr(kind, "__origin__", kind) if get_args(kind) else kind


def models(base: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    """Every model of the service."""
    for model in base.__subclasses__():
        if model.__module__.startswith("api."):
            yield model
        yield from models(model)


def test_every_body_has_an_example_that_fits_it(document: dict[str, Any]) -> None:
    wrong = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if "json" in kind:
                    schema = {**content["schema"], "components": document["components"]}
                    errors = Draft202012Validator(schema).iter_errors(content["example"])
                    wrong += [f"{method} {path}: {error.message}" for error in errors]
    assert not wrong


def test_no_example_gives_a_day_for_words_or_codes(document: dict[str, Any]) -> None:
    strange = [
        f"{operation['operationId']} {field}"
        for operation in operations(document)
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for field, value in leaves(content.get("example"))
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value)
        and not re.search(r"(^|_)(on|day|days|from|of|ends|since|first|last)$", field)
    ]
    assert strange == [], "give the field an example, or api/glossary.py"


def leaves(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text of an example, with the field that it stands in."""
    if isinstance(value, str):
        yield field, value
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield from leaves(inner, name)
    for inner in value if isinstance(value, list) else ():
        yield from leaves(inner, field)


def test_what_strangers_may_ask_needs_no_key_and_all_else_does(document: dict[str, Any]) -> None:
    free = {
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if operation.get("security") == []
    }
    assert {"describe_uploads", "sign_in"} <= free
    assert "list_compliance_scores" not in free
    assert document["security"] == [{"key": []}, {"session": []}]


def test_every_edit_needs_the_tag_of_what_was_seen_and_whatever_can_be_edited_tells_it(
    document: dict[str, Any],
) -> None:
    edits = {
        operation["operationId"]: parameter["required"]
        for operation in operations(document)
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "If-Match"
    }
    assert len(edits) == 22
    assert all(edits.values())
    telling = {
        operation["operationId"]
        for operation in operations(document)
        if any("ETag" in answer.get("headers", {}) for answer in operation["responses"].values())
    }
    assert edits.keys() - telling == {"discard_plan"}, "nothing is left to be seen"
    seen = {"account", "institution", "office", "person", "meeting", "attendance", "transcript", "plan"}
    seen |= {"rubric_draft", "activity", "management_action"}
    assert {f"get_{what}" for what in seen} <= telling


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for of_path in document["paths"].values():
        yield from of_path.values()


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("health", "200"),
        ("ready", "200 429 503"),
        ("metrics", "200 403 429"),
        ("describe_uploads", "204 429"),
        ("who_am_i", "200 401 403 422 429 503"),
        ("list_people", "200 400 401 403 404 422 429 503"),
        ("change_person", "200 400 401 403 404 409 412 413 422 429 503 507"),
    ],
)
def test_an_operation_is_described_with_the_errors_that_it_can_answer(
    document: dict[str, Any], name: str, codes: str
) -> None:
    found = next(operation for operation in operations(document) if operation["operationId"] == name)
    assert " ".join(sorted(found["responses"])) == codes


def test_a_generated_client_uploads_reads_and_edits_with_a_key(
    app: FastAPI, engine: Engine, document: dict[str, Any], tmp_path: Path
) -> None:
    _organise(engine)
    client = _generated(document, tmp_path)
    sound = write_sound(tmp_path / "m.wav", tone(440, 2.0), codec="pcm_s16le").read_bytes()
    with _running(app) as address, client("client").AuthenticatedClient(address, token=KEY) as asking:
        body = client("models").UploadRecordingBody(
            file=[client("types").File(payload=BytesIO(sound), file_name="周会.wav")]
        )
        answer = client("api.录音.upload_recording").sync(client=asking, body=body, meeting="M")
        assert (answer.meeting, answer.received, answer.parts[0].size) == ("M", [1], len(sound))
        scores = client("api.合规.list_compliance_scores").sync(client=asking, month="2026-09")
        assert scores.next_ is None
        assert isinstance(scores.items, list)
        seen = client("api.人员.get_person").sync_detailed("A1a", client=asking)
        change, rename = client("models").PersonChange(name="新名"), client("api.人员.change_person")
        tag = seen.headers["ETag"]
        assert rename.sync("A1a", client=asking, body=change, if_match=tag).name == "新名"
        assert rename.sync("A1a", client=asking, body=change, if_match=tag).code == "stale"
    with _running(app) as address, client("client").Client(address) as nobody:
        refused = client("api.合规.list_compliance_scores").sync(client=nobody, month="2026-09")
        assert (type(refused).__name__, refused.code) == ("Problem", "not_signed_in")


def _organise(engine: Engine) -> None:
    found_company(engine)
    hold(engine, "M", institution="A")
    now = datetime.now(UTC)
    permissions = [Permission.UPLOAD, Permission.READ_MEETINGS, Permission.READ_COMPLIANCE]
    permissions += [Permission.READ_MODEL, Permission.EDIT_MODEL]
    with transaction(engine) as session:
        maker = Account(login="maker", name="m", role=Role.ADMINISTRATOR, created_at=now)
        session.add(maker)
        session.flush()
        session.add(
            ApiKey(
                name="k",
                key_hash=hashed(KEY),
                permissions=list(permissions),
                created_by=maker.id,
                created_at=now,
            )
        )


class _Client:
    """The generated package, its modules by name."""

    def __call__(self, module: str) -> ModuleType:
        return importlib.import_module(f"generated.{module}")


def _generated(document: dict[str, Any], folder: Path) -> _Client:
    described = folder / "openapi.json"
    described.write_text(json.dumps(document))
    how = ConfigFile(
        post_hooks=[],
        content_type_overrides=dict.fromkeys(BYTES, "application/octet-stream"),
        package_name_override="generated",
    )
    config = Config.from_sources(
        how, MetaType.NONE, described, "utf-8", True, output_path=folder / "generated"
    )
    errors = generate(config=config)
    assert [f"{e.header} {e.detail}" for e in errors] == []
    sys.path.insert(0, str(folder))
    return _Client()


@contextmanager
def _running(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
