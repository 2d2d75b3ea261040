"""Routes of imports and exports: files, rows of other systems, and where those stopped."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Path, Query, Request, Response, UploadFile

from api.access import AnyCaller, Caller, Permission, allowed
from api.accounts.tables import Role
from api.audit import note
from api.fields import Code
from api.imports import service
from api.imports.repository import CursorRepository
from api.imports.schemas import CursorOut, EntityOut, ImportOut, RowsIn, RowsOut
from api.problems import Forbidden
from api.sessions import Database
from models.exchange.entities import SHEETS
from models.exchange.exporting import csv_file, csv_template, template, workbook
from models.exchange.reading import read
from qa_pipeline.errors import InputError

router: Final = APIRouter(tags=["导入导出"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Importer = Annotated[Caller, Depends(allowed(Permission.IMPORT))]
Anybody = Annotated[Caller, Depends(AnyCaller("which fields there are: who may only push has to know, too"))]
MOST_BYTES: Final = 64 * 1024**2


class Format(StrEnum):
    """How a file is written."""

    XLSX = "xlsx"
    CSV = "csv"


MEDIA: Final = {
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.CSV: "text/csv; charset=utf-8",
}
BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
FILE: Final[dict[int | str, dict[str, object]]] = {
    200: {
        "description": "Excel 或 CSV 文件",
        "content": {MEDIA[Format.XLSX]: BINARY, "text/csv": BINARY},
    }
}
As = Annotated[Format, Query(alias="format", description="格式：xlsx 或 csv；csv 只能一类数据")]


@router.get("/imports/entities", summary="可导入导出的数据及其字段", operation_id="list_import_entities")
def entities(asker: Anybody) -> list[EntityOut]:
    return service.entities()


@router.get(
    "/imports/template",
    summary="下载导入模板",
    operation_id="download_import_template",
    response_class=Response,
    responses=FILE,
)
def download_template(
    asker: Reader,
    entity: Annotated[Code | None, Query(description="只要一类数据；不填为全部")] = None,
    as_: As = Format.XLSX,
) -> Response:
    sheets = SHEETS if entity is None else (service.sheet_named(entity),)
    if as_ is Format.XLSX:
        return _file(template(sheets), as_, "导入模板")
    if len(sheets) > 1:
        raise InputError("CSV 模板一次只能下载一类数据：请填写 entity。")
    return _file(csv_template(sheets[0]), as_, sheets[0].title)


@router.post(
    "/imports", summary="导入文件（Excel 或 CSV）", operation_id="import_file", max_body_size=MOST_BYTES
)
def import_file(
    request: Request,
    session: Database,
    asker: Importer,
    file: Annotated[UploadFile, File(description="Excel（.xlsx）或 CSV 文件")],
    entity: Annotated[Code | None, Form(description="CSV 中是哪一类数据；不填则按文件名")] = None,
    dry_run: Annotated[bool, Form(description="只检查，不写入")] = False,
) -> ImportOut:
    """全部写入，或逐条说明问题（``problems``：哪张表、哪行、哪列、怎么改）而一行也不写。"""
    filled = read(file.file.read(), file_name=file.filename or "文件", entity=entity)
    taken = service.take_file(session, asker, filled, dry_run=dry_run)
    if not dry_run:
        for each in taken:
            note(
                session, request, asker, "import.file",
                kind="import", code=each.entity, added=each.added, changed=each.changed,
            )  # fmt: skip
    return ImportOut(dry_run=dry_run, sheets=taken)


@router.get("/imports/cursors", summary="来源系统上次停在哪里", operation_id="list_import_cursors")
def cursors(
    session: Database,
    asker: Importer,
    source: Annotated[Code | None, Query(description="来源系统")] = None,
    entity: Annotated[Code | None, Query(description="哪一类数据")] = None,
) -> list[CursorOut]:
    rows = CursorRepository(session, within=asker.within).cursors(source=source, entity=entity)
    return [
        CursorOut(
            source=row.source,
            entity=row.entity,
            cursor=row.cursor,
            received_rows=row.received_rows,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


@router.post("/imports/{entity}", summary="其他系统推送数据（JSON）", operation_id="push_rows")
def push(
    request: Request,
    session: Database,
    asker: Importer,
    entity: Annotated[Code, Path(description="哪一类数据，例如 people、customers、interactions")],
    body: RowsIn,
) -> RowsOut:
    """人员 people，客户 customers，拜访与转介绍 interactions，活动参与 participations，送训等 observations。

    各行以外部代码识别，重复推送不会重复。"""
    taken = service.take_rows(session, asker, entity, body)
    if not body.dry_run:
        note(
            session, request, asker, "import.push",
            kind="import", code=entity, source=body.source, added=taken.added, changed=taken.changed,
        )  # fmt: skip
    held = CursorRepository(session, within=asker.within).cursors(source=body.source, entity=entity)
    return RowsOut(**taken.model_dump(), dry_run=body.dry_run, cursor=held[0].cursor if held else None)


@router.get(
    "/exports",
    summary="导出（默认隐去个人信息）",
    operation_id="export_file",
    response_class=Response,
    responses=FILE,
)
def export(
    request: Request,
    session: Database,
    asker: Reader,
    entity: Annotated[list[Code], Query(description="哪几类数据；不填为全部", max_length=40)] = [],  # noqa: B006
    as_: As = Format.XLSX,
    full: Annotated[bool, Query(description="不隐去个人信息：仅限管理员，并记入审计")] = False,
) -> Response:
    sheets = service.leaving(asker, entity)
    if full and asker.role is not Role.ADMINISTRATOR:
        raise Forbidden("只有管理员可以导出未隐去的个人信息：请使用默认的导出。")
    if as_ is Format.CSV and len(sheets) != 1:
        raise InputError("CSV 一次只能导出一类数据：请填写一个 entity。")
    if as_ is Format.CSV:
        content = csv_file(session, sheets[0], within=asker.within, mask=not full)
    else:
        content = workbook(session, sheets, within=asker.within, mask=not full)
    # Last, since nobody else writes from here on; the file leaves only once the entry is in.
    note(
        session, request, asker, "export.full" if full else "export.masked",
        kind="export", code=sheets[0].name if len(sheets) == 1 else "all", sheets=len(sheets),
    )  # fmt: skip
    return _file(content, as_, sheets[0].title if as_ is Format.CSV else "会鉴数据")


def _file(content: bytes, as_: Format, name: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(f'{name}.{as_.value}')}"
    return Response(content, media_type=MEDIA[as_], headers={"Content-Disposition": disposition})
