"""How a speech model wants to be used: the small ``profile.json`` that a model folder may carry.

The engine obeys it, so that nobody has to know a model's habits: no command-line option is needed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa_pipeline.errors import ModelError

PROFILE_FILE: Final = "profile.json"


class VadParameters(BaseModel):
    """Silero settings, by the names that faster-whisper gives them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    neg_threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    min_speech_duration_ms: Annotated[int, Field(ge=0)] = 0
    min_silence_duration_ms: Annotated[int, Field(ge=0)] = 160
    speech_pad_ms: Annotated[int, Field(ge=0, le=2000)] = 400
    max_speech_duration_s: Annotated[float, Field(gt=1, le=30)] | None = None
    """None: the chunk length."""


class Profile(BaseModel):
    """Decoding settings of one model; the defaults suit the public Whisper models."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = None
    """The name to show; None: that of the folder."""
    language: str = "zh"
    chunk_length: Annotated[float, Field(gt=1, le=30)] = 30
    """Most seconds of speech decoded as one window."""
    vad_parameters: VadParameters = VadParameters()
    beam_size: Annotated[int, Field(ge=1, le=20)] = 5
    batch_size: Annotated[int, Field(ge=1, le=64)] | None = None
    """Windows decoded together; None: by device and model size."""
    cpu_threads: Annotated[int, Field(ge=1, le=64)] | None = None
    """At most so many threads of one decoding on a CPU; None: by the machine. A model so small that a second
    one gains it nothing leaves that processor to the reading of the file."""
    temperature: tuple[Annotated[float, Field(ge=0, le=1)], ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    """The fallback ladder of the second pass; the first pass uses the first value."""
    prompts: bool = True
    """Whether the model was trained to read a prompt; when False none is ever given."""
    log_prob_threshold: float = -1.0
    compression_ratio_threshold: Annotated[float, Field(gt=1)] = 2.4
    no_speech_threshold: Annotated[float, Field(gt=0, le=1)] = 0.6
    warning: str = ""
    """A Chinese sentence shown with everything this model writes, e.g. whose voices alone it knows."""


def read_profile(folder: Path) -> Profile:
    """The profile of a model folder, or the defaults when it has none.

    Raises ModelError naming the key when the file is not JSON, or has an unknown key or a wrong value.
    """
    path = folder / PROFILE_FILE
    if not path.is_file():
        return Profile()
    try:
        return Profile.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        what = "不是合法的 JSON"
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            what = f"{key} {'是不认识的键' if first['type'] == 'extra_forbidden' else '的值不对'}"
        raise ModelError(f"语音模型的配置 {path} 有误（{what}）：请改正或删除该文件。") from error
