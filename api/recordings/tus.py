"""Routes of resumable uploads (tus 1.0)."""

from __future__ import annotations

from email.utils import format_datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.access import Caller, Permission, Public, allowed
from api.problems import Conflict, problem
from api.recordings import resumable
from api.recordings.resumable import EXTENSIONS, VERSION, Arriving, WrongChecksum
from api.recordings.routes import ANY_SIZE
from api.recordings.schemas import UnfinishedOut, UploadAnswer, UploadOut
from api.recordings.threads import in_upload_thread
from api.sessions import Database, begin_writing, reads_first
from api.store import Store
from qa_pipeline.errors import InputError
from qa_pipeline.recording import HEAD

router: Final = APIRouter(tags=["录音"])
Uploader = Annotated[Caller, Depends(allowed(Permission.UPLOAD))]
Code = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Resumable = Annotated[str | None, Header(alias="Tus-Resumable", description="协议版本，须为 1.0.0")]
TUS: Final = {"Tus-Resumable": VERSION}
OTHER_VERSION: Final[dict[int | str, dict[str, Any]]] = {412: {"description": "协议版本不符"}}
FINISHES: Final[dict[int | str, dict[str, Any]]] = {409: {"description": "收齐的录音放不进会议，原因见说明"}}
"""Whoever asks how far an upload has come may finish it."""
CHUNK: Final = "application/offset+octet-stream"
_CHUNK_BODY: Final = {
    "requestBody": {"required": True, "content": {CHUNK: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.options(
    "/uploads",
    summary="断点续传：服务器支持什么",
    operation_id="describe_uploads",
    status_code=204,
    dependencies=[Depends(Public("tus 客户端在登录信息之前先问服务器支持什么"))],
)
def describe(request: Request) -> Response:
    limit = request.app.state.settings.upload_limit
    return Response(
        status_code=204,
        headers={
            **TUS,
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(limit),
            "Tus-Checksum-Algorithm": ",".join(resumable.ALGORITHMS),
        },
    )


@router.get(
    "/uploads", summary="断点续传：我还没有传完的（新的在前）", operation_id="list_unfinished_uploads"
)
def unfinished(request: Request, session: Database, asker: Uploader) -> list[UnfinishedOut]:
    """中断的上传和录音，过期之前都可以接着传。"""
    return resumable.unfinished(session, asker, request.app.state.store)


@router.post(
    "/uploads",
    summary="断点续传：开始一个上传",
    operation_id="create_upload",
    status_code=201,
    responses={**OTHER_VERSION, 413: {"description": "文件超过上限"}},
)
def create(
    request: Request,
    session: Database,
    asker: Uploader,
    length: Annotated[
        int | None, Header(alias="Upload-Length", ge=0, description="文件的总字节数；边录边传时不填")
    ] = None,
    later: Annotated[
        str | None,
        Header(
            alias="Upload-Defer-Length",
            pattern="^1$",
            description="总长待定：1 为边录边传，总字节数在发送最后一段时才给出",
        ),
    ] = None,
    metadata: Annotated[
        str,
        Header(
            alias="Upload-Metadata",
            max_length=4000,
            description="会议和文件：filename 及 meeting、institution、day、started_at、kind、part、inspect；"
            "批次的文件为 batch 和 file；值为 Base64",
        ),
    ] = "",
    version: Resumable = None,
) -> Response:
    """返回的 Location 是该上传的地址：用 PATCH 发送内容，用 HEAD 询问断点。"""
    if refused := _wrong_version(request, version):
        return refused
    if (length is None) != (later is not None):
        raise InputError("请给出 Upload-Length；边录边传、还不知道长度的，只给 Upload-Defer-Length: 1。")
    store: Store = request.app.state.store
    limit = request.app.state.settings.upload_limit
    row = resumable.begin(session, asker, store, length=length, metadata=metadata, limit=limit)
    headers = {
        **TUS,
        "Location": str(request.url_for("resume_upload", code=row.code).path),
        "Upload-Expires": format_datetime(row.expires_at, usegmt=False),
    }
    return Response(status_code=201, headers=headers)


@router.head(
    "/uploads/{code}",
    summary="断点续传：已收到多少",
    operation_id="head_upload",
    responses={**OTHER_VERSION, **FINISHES},
)
def head(
    code: Code, request: Request, session: Database, asker: Uploader, version: Resumable = None
) -> Response:
    if refused := _wrong_version(request, version):
        return refused
    try:
        upload = _finished_if_whole(session, request, asker, code)
    except (InputError, Conflict):  # all bytes are there, and it is not clear yet of which meeting
        session.rollback()
        upload = resumable.find(session, asker, request.app.state.store, code)
    length = upload.row.length
    told = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    return Response(headers={**TUS, **told, "Upload-Offset": str(upload.offset), "Cache-Control": "no-store"})


@router.get("/uploads/{code}", summary="断点续传：上传的结果", operation_id="get_upload", responses=FINISHES)
def result(code: Code, request: Request, session: Database, asker: Uploader) -> UploadOut:
    """收齐之后给出会议、分段和质检任务。"""
    upload = _finished_if_whole(session, request, asker, code)
    row = upload.row
    return UploadOut(
        code=row.code,
        file_name=row.file_name,
        length=row.length,
        offset=upload.offset,
        expires_at=row.expires_at,
        answer=UploadAnswer.model_validate(row.answer) if row.answer else None,
    )


@router.patch(
    "/uploads/{code}",
    summary="断点续传：发送一段内容",
    operation_id="patch_upload",
    status_code=204,
    openapi_extra=_CHUNK_BODY,
    max_body_size=ANY_SIZE,
    responses={
        **OTHER_VERSION,
        415: {"description": f"内容类型须为 {CHUNK}"},
        460: {"description": "校验和不符，这一段已丢弃"},
    },
    name="resume_upload",
)
@reads_first
async def patch(
    code: Code,
    request: Request,
    session: Database,
    asker: Uploader,
    offset: Annotated[int, Header(alias="Upload-Offset", ge=0, description="这一段从第几个字节开始")],
    checksum: Annotated[
        str | None, Header(alias="Upload-Checksum", max_length=200, description="算法和 Base64 校验和")
    ] = None,
    length: Annotated[
        int | None, Header(alias="Upload-Length", ge=0, description="边录边传结束时给出总字节数")
    ] = None,
    metadata: Annotated[
        str,
        Header(
            alias="Upload-Metadata",
            max_length=4000,
            description="改说是哪场会议，写法同创建时，没有说的以先前说的为准；收齐而没能登记的，补上后发一段空的内容",
        ),
    ] = "",
    version: Resumable = None,
) -> Response:
    """先看开头是不是录音；最后一段到齐后即检查内容、登记到会议并开始质检。"""
    if refused := _wrong_version(request, version):
        return refused
    if request.headers.get("Content-Type") != CHUNK:
        detail = f"Content-Type 须为 {CHUNK}：请检查客户端。"
        return problem(request, status=415, code="unsupported_media_type", detail=detail, headers=TUS)
    store: Store = request.app.state.store
    limit = request.app.state.settings.upload_limit
    upload = await run_in_threadpool(_released, session, asker, store, code, length, limit, metadata)
    try:
        reached = await resumable.append(request, upload, offset=offset, checksum=checksum, limit=limit)
    except WrongChecksum as error:
        return problem(request, status=460, code="checksum_mismatch", detail=str(error), headers=TUS)
    if offset < HEAD <= reached:
        await in_upload_thread(resumable.look, session, asker, upload)
    if reached == upload.row.length:
        await in_upload_thread(resumable.complete, session, request, asker, store, upload)
    return Response(status_code=204, headers={**TUS, "Upload-Offset": str(reached)})


@router.delete(
    "/uploads/{code}",
    summary="断点续传：放弃上传",
    operation_id="delete_upload",
    status_code=204,
    responses=OTHER_VERSION,
)
def abandon(
    code: Code, request: Request, session: Database, asker: Uploader, version: Resumable = None
) -> Response:
    """已登记到会议的录音不受影响。"""
    if refused := _wrong_version(request, version):
        return refused
    resumable.forget(session, resumable.find(session, asker, request.app.state.store, code))
    return Response(status_code=204, headers=TUS)


def _released(
    session: Session,
    asker: Caller,
    store: Store,
    code: str,
    length: int | None,
    limit: int,
    metadata: str,
) -> Arriving:
    """The upload; nothing is held while its bytes come."""
    upload = resumable.find(session, asker, store, code)
    if length is not None:
        begin_writing(session)
        resumable.end_at(session, upload, length, limit=limit)
    if metadata and upload.row.answer is None:
        begin_writing(session)
        resumable.say_of_meeting(session, asker, upload, metadata)
    session.commit()
    return upload


def _finished_if_whole(session: Session, request: Request, asker: Caller, code: str) -> Arriving:
    """The upload; one whose last byte came just before the service died is finished now."""
    store: Store = request.app.state.store
    upload = resumable.find(session, asker, store, code)
    if upload.row.answer is None and upload.offset == upload.row.length:
        resumable.complete(session, request, asker, store, upload)
    return upload


def _wrong_version(request: Request, version: str | None) -> Response | None:
    if version == VERSION:
        return None
    detail = f"须带请求头 Tus-Resumable: {VERSION}：请更新客户端。"
    return problem(request, status=412, code="tus_version", detail=detail, headers={"Tus-Version": VERSION})
