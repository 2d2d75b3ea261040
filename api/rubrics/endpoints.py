"""Routes of rubrics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import StreamingResponse

from api.access import Caller, Permission, allowed
from api.audit import note
from api.etags import IfMatch, Tag, require_match
from api.fields import Code
from api.organisation.service import subtree_of
from api.rubrics import service, texts
from api.rubrics.schemas import (
    DiffIn,
    DiffOut,
    DraftHead,
    DraftIn,
    DraftOut,
    ExampleOut,
    ExamplesOut,
    LintIn,
    LintOut,
    ProblemOut,
    RubricHead,
    RubricOut,
)
from api.sessions import Database, reading_beside
from qa_pipeline.errors import RubricError
from qa_pipeline.rubric.examples import run_examples
from qa_pipeline.rubric.jsonschema import schema_text
from qa_pipeline.rubric.judge import configured
from qa_pipeline.rubric.linter import lint

router: Final = APIRouter(tags=["量规"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MEETINGS))]
Author = Annotated[Caller, Depends(allowed(Permission.MANAGE_RUBRICS))]
Name = Annotated[Code, Path(description="量规编号，如 weekly_review")]
Version = Annotated[Code, Path(description="版本，如 1.1")]


@router.get("/rubrics", summary="自带和已发布的量规", operation_id="list_rubrics")
def rubrics(session: Database, asker: Reader) -> list[RubricHead]:
    return [
        *(service.head(rubric, None) for rubric in service.shipped()),
        *(service.head(texts.load(row.text), row) for row in service.company(session)),
    ]


@router.get(
    "/rubrics/schema",
    summary="量规的 JSON Schema，供编辑器提示",
    operation_id="get_rubric_schema",
    response_class=Response,
    responses={200: {"content": {"application/schema+json": {}}, "description": "量规的 JSON Schema"}},
)
def schema(asker: Reader) -> Response:
    return Response(schema_text(), media_type="application/schema+json")


@router.get("/rubrics/drafts", summary="草稿", operation_id="list_rubric_drafts")
def drafts(session: Database, asker: Author) -> list[DraftHead]:
    return [service.draft_head(row) for row in service.drafts(session)]


@router.post("/rubrics/drafts", status_code=201, summary="新建草稿", operation_id="add_rubric_draft")
def add_draft(request: Request, tag: Tag, session: Database, asker: Author, body: DraftIn) -> DraftOut:
    service.require_company_wide(asker)
    shown = service.draft_shown(service.begin(session, asker, body))
    note(session, request, asker, "rubric.draft", kind="rubric", code=shown.code)
    tag(shown)
    return shown


@router.post("/rubrics/lint", summary="检查写法：错误的行列，以及不妥之处", operation_id="lint_rubric")
def check(session: Database, asker: Author, body: LintIn) -> LintOut:
    session.commit()  # loading takes a while: no transaction is held meanwhile
    try:
        rubric = texts.load(body.yaml)
    except RubricError as error:
        found = [ProblemOut(line=p.line, column=p.column, text=p.text) for p in texts.problems(error)]
        return LintOut(valid=False, problems=found, remarks=[])
    return LintOut(valid=True, problems=[], remarks=lint(rubric))


@router.get("/rubrics/drafts/{code}", summary="一份草稿", operation_id="get_rubric_draft")
def draft(session: Database, asker: Author, code: Code, tag: Tag) -> DraftOut:
    shown = service.draft_shown(service.draft(session, code))
    tag(shown)
    return shown


@router.put("/rubrics/drafts/{code}", summary="修改草稿", operation_id="put_rubric_draft")
def put_draft(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Author,
    code: Code,
    body: DraftIn,
    if_match: IfMatch,
) -> DraftOut:
    service.require_company_wide(asker)
    row = service.draft(session, code)
    require_match(if_match, service.draft_shown(row))
    row.title, row.text = body.title, body.yaml
    row.edited_by, row.edited_at = asker.actor, datetime.now(UTC)
    session.flush()
    note(session, request, asker, "rubric.edit", kind="rubric", code=code)
    shown = service.draft_shown(row)
    tag(shown)
    return shown


@router.delete(
    "/rubrics/drafts/{code}", status_code=204, summary="删除草稿", operation_id="delete_rubric_draft"
)
def delete_draft(request: Request, session: Database, asker: Author, code: Code) -> None:
    service.require_company_wide(asker)
    session.delete(service.draft(session, code))
    note(session, request, asker, "rubric.delete_draft", kind="rubric", code=code)


@router.post(
    "/rubrics/drafts/{code}/examples", summary="试跑草稿自带的例子", operation_id="run_rubric_examples"
)
def examples(session: Database, asker: Author, code: Code) -> ExamplesOut:
    text = service.draft(session, code).text
    session.commit()
    outcomes: list[Any] = run_examples(texts.load(text), judge=configured())
    return ExamplesOut(
        total=len(outcomes),
        failed=sum(not one.passed for one in outcomes),
        outcomes=[
            ExampleOut(
                item=one.item,
                number=one.number,
                expected=one.expected,
                level=one.level,
                passed=one.passed,
                reason=one.reason,
            )
            for one in outcomes
        ],
    )


@router.post(
    "/rubrics/drafts/{code}/diff",
    summary="发布后某月哪些会议的分数、结论会变（最多 200 场，不改原有结果）",
    operation_id="diff_rubric",
)
def compare(session: Database, asker: Author, code: Code, body: DiffIn) -> DiffOut:
    part = subtree_of(session, asker, body.below)
    text = service.draft(session, code).text
    session.commit()
    with reading_beside(session) as reading:
        return service.compare(reading, asker, text, body.month, below=part)


@router.post(
    "/rubrics/drafts/{code}/diff/events",
    summary="同上，不限场数：每比较完一场推送一次（服务器推送）",
    operation_id="follow_rubric_diff",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "事件 compared，数据为 DiffLine 的 JSON；比较完即结束",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
def compare_all(
    request: Request, session: Database, asker: Author, code: Code, body: DiffIn
) -> StreamingResponse:
    part = subtree_of(session, asker, body.below)
    text = service.draft(session, code).text
    session.commit()
    lines = service.compare_all(request.app.state.engine, asker, text, body.month, below=part)
    return StreamingResponse(
        (f"event: compared\ndata: {line.model_dump_json()}\n\n" for line in lines),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


@router.post(
    "/rubrics/drafts/{code}/publish", summary="发布草稿：例子须全部相符", operation_id="publish_rubric"
)
def publish(request: Request, session: Database, asker: Author, code: Code) -> RubricHead:
    service.require_company_wide(asker)
    row = service.publish(session, asker, code)
    note(session, request, asker, "rubric.publish", kind="rubric", code=code, sha256=row.sha256)
    return service.head(texts.load(row.text), row)


@router.get("/rubrics/{name}/{version}", summary="一份量规（YAML）", operation_id="get_rubric")
def rubric(session: Database, asker: Reader, name: Name, version: Version) -> RubricOut:
    found, row, text = service.find(session, name, version)
    return RubricOut(**dict(service.head(found, row)), yaml=text)


@router.post("/rubrics/{name}/{version}/retire", summary="停用已发布的量规", operation_id="retire_rubric")
def retire(request: Request, session: Database, asker: Author, name: Name, version: Version) -> RubricHead:
    service.require_company_wide(asker)
    row = service.retire(session, name, version)
    note(session, request, asker, "rubric.retire", kind="rubric", code=f"{name}@{version}")
    return service.head(texts.load(row.text), row)
