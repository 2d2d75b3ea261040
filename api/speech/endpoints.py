"""Routes of the speech model store. Models are fetched on the machine itself (``huijian asr pull``)."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from api.access import Caller, Permission, allowed
from api.audit import note
from api.fields import Given, Line, example
from api.problems import NotFound
from api.sessions import Database
from qa_pipeline.errors import ModelError
from qa_pipeline.transcript import store

router: Final = APIRouter(tags=["语音模型"])
Keeper = Annotated[Caller, Depends(allowed(Permission.MANAGE_MODELS))]


class SpeechModelOut(BaseModel):
    """A speech model of this machine."""

    name: str
    revision: str = Field(description="区分同名模型的两个版本")
    size: int = Field(description="字节")
    used: bool = Field(description="转写时采用的一个")
    warning: str = Field(description="随其结果一起显示的提醒；没有为空")


class SpeechModelsOut(BaseModel):
    """What is installed, the best first, and what could be fetched."""

    models: list[SpeechModelOut] = Field(description="最好的在前")
    diarization: bool = Field(description="区分说话人的模型是否齐备")
    fetchable: list[str] = Field(description="可在服务器上用 huijian asr pull 获取的常用名")
    problem: str = Field(description="为什么没有可用的模型；有则为空")


class ModelName(Given):
    model_config = ConfigDict(json_schema_extra=example(name="demo"))

    name: Line


class CheckedOut(BaseModel):
    """Whether the model's files are those that were fetched."""

    name: str
    sound: bool = Field(description="文件是否完好")
    text: str


@router.get("/speech-models", summary="本机的语音模型", operation_id="list_speech_models")
def speech_models(request: Request, asker: Keeper) -> SpeechModelsOut:
    """指回答本请求的机器；另有转写机器的，请在那台机器上运行 huijian asr list。"""
    return shown(request.app.state.settings.model)


def shown(chosen: str | None) -> SpeechModelsOut:
    """``chosen``: the model that the settings name; None: the best."""
    found = store.installed()
    try:
        used, problem = store.resolve(chosen).path, ""
    except ModelError as error:
        used, problem = None, str(error)
    here = {model.name for model in found}
    return SpeechModelsOut(
        models=[
            SpeechModelOut(
                name=model.name,
                revision=model.revision,
                size=model.size,
                used=model.path == used,
                warning=model.warning,
            )
            for model in found
        ],
        diarization=store.diarization_models() is not None,
        fetchable=[name for name in (*store.HUB_NAMES, store.DIARIZATION) if name not in here],
        problem=problem,
    )


@router.post("/speech-models/check", summary="校验一个语音模型的文件", operation_id="check_speech_model")
def check(request: Request, session: Database, asker: Keeper, body: ModelName) -> CheckedOut:
    """重新计算校验和，大模型需要几十秒。"""
    names = {model.name for model in store.installed()}
    if body.name not in {*names, store.DIARIZATION}:  # a folder of the server is not to be looked into
        raise NotFound(f"本机没有语音模型 {body.name}：请核对名称。")
    note(session, request, asker, "speech_model.check", kind="speech_model", code=body.name)
    session.commit()  # reading gigabytes takes a while: nothing is held meanwhile
    try:
        model = store.check(body.name)
    except ModelError as error:
        return CheckedOut(name=body.name, sound=False, text=str(error))
    listed = (model.path / store.MANIFEST).is_file()
    return CheckedOut(name=body.name, sound=True, text="完好。" if listed else "文件齐全（没有校验和清单）。")
