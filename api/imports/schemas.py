"""Imports as requests and answers hold them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.fields import Code, Given, Instant, example

Cell = Annotated[str, StringConstraints(max_length=8000, pattern=r"^[^\x00]*$")] | bool | int | float | None
"""A cell: texts as a file would hold them; days ``2026-11-08``, months ``2026-11``, moments ISO 8601."""
Mark = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\x00]+$")]


class FieldOut(BaseModel):
    """One column of an entity."""

    field: str = Field(description="JSON 中的字段名；引用其他对象的字段填其代码")
    heading: str = Field(description="文件中的列名")
    required: bool
    kind: str = Field(description="text、integer、decimal、number、boolean、day、month、moment 或 choice")
    choices: list[str] = Field(description="可填的词")
    refers_to: str | None = Field(description="引用哪一类对象（按其代码）")
    example: str | None


class EntityOut(BaseModel):
    """One entity that goes in and out, as a sheet of a file or as JSON rows."""

    entity: str
    title: str = Field(description="文件中的表名")
    key: list[str] = Field(description="识别同一条记录的字段")
    fields: list[FieldOut]


class TakenOut(BaseModel):
    """What became of one entity's rows."""

    entity: str
    title: str
    added: int
    changed: int
    unchanged: int


class ImportOut(BaseModel):
    dry_run: bool = Field(description="true：只检查，没有写入")
    sheets: list[TakenOut]


class RowsIn(Given):
    """Rows that another system pushes. All are taken, or none; known rows are changed, so that a repeated
    push does no harm. Every row has the same fields; a field that no row has keeps what is stored."""

    model_config = ConfigDict(
        json_schema_extra=example(
            source="crm",
            cursor="2026-11-08T00:00:00Z/183",
            after="2026-11-07T00:00:00Z/97",
            rows=[
                {
                    "code": "K20260001",
                    "name": "示例客户",
                    "agent_id": "35010203007",
                    "source": "referral",
                    "known_since": "2025-05-01",
                }
            ],
        )
    )

    source: Code = Field(description="来源系统")
    rows: list[dict[str, Cell]] = Field(max_length=5000)
    cursor: Mark | None = Field(None, description="本批之后的位置，由来源系统自定；不填则不记录")
    after: Mark | None = Field(
        None, description="上次位置：来源系统以为的；与记录的不符时拒收（409），以免漏行"
    )
    dry_run: bool = Field(False, description="试运行：只检查，不写入，也不推进位置")


class RowsOut(TakenOut):
    dry_run: bool
    cursor: str | None = Field(description="现在记录的位置")


class CursorOut(BaseModel):
    """Where a source system stopped."""

    source: str
    entity: str
    cursor: str
    received_rows: int
    updated_at: Instant
