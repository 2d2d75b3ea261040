"""Pull people and customers from a CRM's REST interface through the import API.

An example that works as it is where the CRM lists changes in pages, ``{"items": […], "next": cursor}``, and
takes ``after`` and ``limit``; for another one adapt `pull`. Run it from cron or a systemd timer:

    HUIJIAN_KEY=… CRM_TOKEN=… python -m api.integrations.pull crm.yaml

The service keeps how far it got, in the transaction that takes the rows: whatever breaks off, the next run
goes on there, nothing is skipped, and rows that come again change nothing. Two runs at once do no harm: the
second is told that the cursor has moved.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa_pipeline.errors import HuijianError, InputError, OutputError, reason
from qa_pipeline.source import TOO_DEEP, require_shallow

BACK_OFF: Final = (1, 5, 30, 120)
"""Seconds before a system is asked again that is busy or does not answer."""
BUSY: Final = frozenset({429, 502, 503, 504})


class Entity(BaseModel):
    """How one kind of rows is fetched and renamed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    """Of the CRM's list, for example ``/customers``."""
    fields: dict[str, str]
    """Field of the import API (see ``GET /imports/entities``) -> field of the CRM, ``a.b`` for one inside."""
    values: dict[str, dict[str, Any]] = {}
    """By field of the import API: the CRM's word -> ours. A word that is not listed stays as it is."""


class Configuration(BaseModel):
    """One CRM and one service; secrets come from the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(pattern=r"^[\w.:@-]+$")
    """Name of the CRM, under which the service remembers the cursor."""
    crm: str
    service: str
    page: int = Field(500, ge=1, le=5000)
    entities: dict[str, Entity]
    """In the order in which they are pulled: people before the customers that they look after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What became of one kind of rows."""

    entity: str
    rows: int
    added: int
    changed: int


def pull(
    configuration: Configuration,
    *,
    crm: httpx.Client,
    service: httpx.Client,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Pulled]:
    """Everything new of every kind, page by page.

    Raises InputError for rows that the service refuses (it says which and why; nothing of their page was
    taken), OutputError when one of the two does not answer.
    """
    for name, entity in configuration.entities.items():
        known = _asked(
            service, "GET", "/api/v1/imports/cursors", wait,
            params={"source": configuration.source, "entity": name},
        )  # fmt: skip
        cursor = known[0]["cursor"] if known else None
        rows = added = changed = 0
        while True:
            query = {"limit": configuration.page} | ({"after": cursor} if cursor else {})
            page = _asked(crm, "GET", entity.path, wait, params=query)
            if not page["items"]:
                break
            body = {
                "source": configuration.source,
                "rows": [_renamed(row, entity) for row in page["items"]],
                "cursor": page["next"],
                "after": cursor,
            }
            taken = _asked(service, "POST", f"/api/v1/imports/{name}", wait, json=body)
            rows, added, changed = (
                rows + len(body["rows"]),
                added + taken["added"],
                changed + taken["changed"],
            )
            if page["next"] in (None, cursor):
                break  # some lists say so that nothing comes after
            cursor = page["next"]
        yield Pulled(entity=name, rows=rows, added=added, changed=changed)


def read_configuration(file: Path) -> Configuration:
    """Raises InputError naming what is wrong."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = file.read_text("utf-8")
        require_shallow(text)
        return Configuration.model_validate(YAML(typ="safe").load(text))
    except OSError as error:
        raise InputError(f"配置文件 {file} 打不开（{reason(error)}）：请检查路径。") from error
    except RecursionError as error:
        raise InputError(f"配置文件 {file} {TOO_DEEP}") from error
    except (YAMLError, ValueError) as error:
        wrong = error.errors() if isinstance(error, ValidationError) else []
        places = "、".join(".".join(map(str, one["loc"])) for one in wrong) or "格式"
        raise InputError(f"配置文件 {file} 的 {places} 不对：请对照示例 crm.example.yaml 修改。") from error


def main(configuration: Annotated[Path, typer.Argument(help="配置文件，见 crm.example.yaml")]) -> None:
    """从 CRM 拉取人员和客户，经导入接口写入服务。"""
    try:
        _run(read_configuration(configuration))
    except HuijianError as error:
        typer.echo(f"错误：{error}", err=True)
        raise typer.Exit(2) from error


def _run(settings: Configuration) -> None:
    with (
        httpx.Client(base_url=settings.crm, headers=_bearer("CRM_TOKEN"), timeout=60) as crm,
        httpx.Client(base_url=settings.service, headers=_bearer("HUIJIAN_KEY"), timeout=60) as service,
    ):
        for done in pull(settings, crm=crm, service=service):
            typer.echo(f"{done.entity}：收到 {done.rows} 条，新增 {done.added}，更改 {done.changed}")


def _bearer(variable: str) -> dict[str, str]:
    if not os.environ.get(variable):
        raise InputError(f"环境变量 {variable} 没有设定：请写入访问密钥。")
    return {"Authorization": f"Bearer {os.environ[variable]}"}


def _asked(client: httpx.Client, method: str, path: str, wait: Callable[[float], None], **more: Any) -> Any:
    for pause in (*BACK_OFF, None):
        try:
            answer = client.request(method, path, **more)
        except httpx.TransportError as error:
            why = f"没有应答（{type(error).__name__}）"
        else:
            if answer.status_code < 400:
                return answer.json()
            why = _sentence(answer)
            if answer.status_code not in BUSY:
                raise InputError(f"{client.base_url.host} 拒绝了 {path}：{why}")
        if pause is not None:
            wait(pause)
    raise OutputError(f"{client.base_url.host} 的 {path} {why}：请稍后再运行，会从断点继续。")


def _sentence(answer: httpx.Response) -> str:
    """What the service said, the rows that are wrong included."""
    try:
        told = answer.json()
        return "；".join([told["detail"], *told.get("problems", [])[:20]])
    except (ValueError, KeyError, TypeError):
        return f"状态 {answer.status_code}"


def _renamed(row: Mapping[str, Any], entity: Entity) -> dict[str, Any]:
    made = {}
    for field, place in entity.fields.items():
        value: Any = row
        for step in place.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        words = entity.values.get(field, {})
        made[field] = words.get(str(value), value)
    return made


if __name__ == "__main__":
    typer.run(main)
