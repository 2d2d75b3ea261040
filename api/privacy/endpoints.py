"""Routes of personal data."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from api.access import Caller, Permission, allowed
from api.fields import Code, Given, example
from api.privacy import service
from api.privacy.service import Subject
from api.sessions import Database

router: Final = APIRouter(tags=["个人信息"])
Keeper = Annotated[Caller, Depends(allowed(Permission.MANAGE_RETENTION))]


class ErasureRequest(Given):
    """Whose personal data is erased, on whose request."""

    model_config = ConfigDict(
        json_schema_extra=example(subject="customer", code="C0001", request_number="PI-2026-014")
    )

    subject: Subject = Field(description="对象：person 人员（须已离职）或 customer 客户")
    code: Code = Field(description="工号或客户编号")
    request_number: Code = Field(description="受理编号：公司受理此申请的；写入审计记录，不得含个人信息")


class ErasurePreviewIn(Given):
    """Whose personal data would be erased."""

    model_config = ConfigDict(json_schema_extra=example(subject="customer", code="C0001"))

    subject: Subject = Field(description="对象：person 人员（须已离职）或 customer 客户")
    code: Code = Field(description="工号或客户编号")


class ErasurePreview(BaseModel):
    """What an erasure would cover; nothing is changed yet."""

    subject: Subject
    code: str
    name: str
    institution_name: str = Field(description="该人员最后所在、或客户经办人所在的机构")
    logins: list[str] = Field(description="将停用的账号")
    meetings: int = Field(description="将逐场检索多少场会议的结论、文字稿和原始材料")
    texts: int = Field(description="会议以外有多少处文字中的姓名或电话将被替换")


class ErasureDone(BaseModel):
    """What remains of the person."""

    code: str = Field(description="代替原工号或客户编号的随机编号；历史数字仍记在它名下")
    texts: int = Field(description="有多少处文字中的姓名或电话被替换")


@router.post("/erasures/preview", summary="删除个人信息前看会涉及什么", operation_id="preview_erasure")
def preview_erasure(given: ErasurePreviewIn, session: Database, asker: Keeper) -> ErasurePreview:
    """不改动任何内容；不能办理的，与办理时一样说明原因。录音的声音本身不改动，按保留期删除。"""
    # Not noted: an entry with the code beside the erasure's would tell who was erased.
    found = service.preview(session, asker, given.subject, code=given.code)
    return ErasurePreview(
        subject=given.subject, code=given.code, name=found.name, institution_name=found.institution,
        logins=list(found.logins), meetings=found.meetings, texts=found.texts,
    )  # fmt: skip


@router.post("/erasures", summary="应请求删除个人信息", operation_id="erase_personal_data", status_code=201)
def erase_personal_data(
    given: ErasureRequest, request: Request, session: Database, asker: Keeper
) -> ErasureDone:
    """姓名、电话和编号永久替换，历史数字和保单号保留；该人员的账号随之停用，审计记录不变。
    批次还在等的文件凭原名收取，收下或不能收时才改名。

    此后导入人员或客户时须去掉此人：带原编号的行会成为一个新人。"""
    code, texts = service.erase(
        session, request, asker, given.subject, code=given.code, request_number=given.request_number
    )
    return ErasureDone(code=code, texts=texts)
