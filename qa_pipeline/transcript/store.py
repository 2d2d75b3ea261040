"""The speech models on this machine: list, find, fetch, check.

A model is a folder in CTranslate2's Whisper format. Fetched models lie in the user's data folder, or where
the environment variable HUIJIAN_MODELS says, each with a manifest of checksums. Nothing is fetched unasked.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qa_pipeline.errors import ModelError, reason
from qa_pipeline.transcript.profile import PROFILE_FILE, Profile, read_profile
from qa_pipeline.values.vocabulary import Progress, silent

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HUB_NAMES: Final = {
    "belle-turbo-zh": "flateon/Belle-whisper-large-v3-turbo-zh-ct2",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "large-v3": "Systran/faster-whisper-large-v3",
    "large-v2": "Systran/faster-whisper-large-v2",
    "medium": "Systran/faster-whisper-medium",
    "small": "Systran/faster-whisper-small",
    "base": "Systran/faster-whisper-base",
    "tiny": "Systran/faster-whisper-tiny",
}
"""Short names, best first on Mandarin meetings: the order in which a default is chosen."""

DEMO_MODEL: Final = Path(__file__).parent / "demo_model"
DIARIZATION: Final = "diarization"
DIARIZATION_FILES: Final = {
    "segmentation.onnx": ("csukuangfj/sherpa-onnx-pyannote-segmentation-3-0", "model.onnx"),
    "embedding.onnx": (
        "csukuangfj/speaker-embedding-models",
        "3dspeaker_speech_eres2net_base_sv_zh-cn_3dspeaker_16k.onnx",
    ),
}
"""What telling speakers apart needs: local name -> (hub repository, file)."""

MANIFEST: Final = "manifest.json"
_WEIGHTS: Final = "model.bin"
_NEEDED: Final = ("config.json", _WEIGHTS, "tokenizer.json")
_WANTED: Final = re.compile(
    r"config\.json|model\.bin|tokenizer\.json|vocabulary\.\w+|preprocessor_config\.json"
)
_NAME: Final = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A model on this machine. ``revision`` tells two versions of one name apart; ``warning`` (Chinese) is to
    be shown with whatever the model writes."""

    name: str
    path: Path
    profile: Profile
    revision: str
    warning: str = ""

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.stat().st_size for file in self.path.iterdir() if file.is_file())


def models_folder() -> Path:
    """Where fetched models lie: HUIJIAN_MODELS, else the user's data folder."""
    chosen = os.environ.get("HUIJIAN_MODELS")
    if chosen:
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("huijian", appauthor=False) / "models"


def installed() -> tuple[ModelFolder, ...]:
    """Every speech model here, best first: the short names in their order, others, then the demo model."""
    found = [_describe(path) for path in _folders() if (path / _WEIGHTS).is_file()]
    order = {repository: rank for rank, repository in enumerate(HUB_NAMES.values())}
    found.sort(key=lambda model: (order.get(_repository(model.name), len(order)), model.name))
    if (DEMO_MODEL / _WEIGHTS).is_file():
        found.append(_demo())
    return tuple(found)


def resolve(name: str | Path | None) -> ModelFolder:
    """The model to use: a short name, a hub name, a folder, or None for the best that is installed.

    None falls back on the bundled demo model, whose ``warning`` says what it is worth. A model that is not
    here is not fetched: ModelError says how to.
    """
    if name is None:
        models = installed()
        if not models:
            raise ModelError("本机没有语音模型：请先运行 huijian asr pull large-v3-turbo（或 small）。")
        return models[0]
    if str(name) == "demo":
        if not (DEMO_MODEL / _WEIGHTS).is_file():
            raise ModelError(f"随附的示例语音模型不在 {DEMO_MODEL}：安装不完整，请重新安装。")
        return _demo()
    stored = _stored(str(name))
    if stored is not None and (stored / _WEIGHTS).is_file():
        return _describe(stored)
    folder = Path(name)
    if folder.is_dir():
        missing = [file for file in _NEEDED if not (folder / file).is_file()]
        if missing:
            raise ModelError(
                f"文件夹 {folder} 不是语音模型（缺 {'、'.join(missing)}）："
                "请指定 CTranslate2 格式的 Whisper 模型。"
            )
        return _describe(folder)
    if stored is None:
        raise ModelError(f"找不到语音模型文件夹 {name}：请检查路径，或用 huijian asr list 查看已有的模型。")
    raise ModelError(
        f"本机没有语音模型 {name}：请先运行 huijian asr pull {name}，或用 huijian asr list 查看已有的模型。"
    )


def diarization_models() -> tuple[Path, Path] | None:
    """The (segmentation, embedding) models for telling speakers apart, or None when not fetched."""
    folder = models_folder() / DIARIZATION
    files = [folder / name for name in DIARIZATION_FILES]
    return (files[0], files[1]) if all(file.is_file() for file in files) else None


def pull(name: str, *, mirror: str | None = None, progress: Progress = silent) -> Path:
    """Fetch a model (or "diarization") into the store and return its folder.

    ``mirror`` is the address of a hub to fetch from instead of the default. Files arrive in a ``.partial``
    folder, where an interrupted fetch goes on the next time, and only a whole model takes its name.
    ``progress`` receives ("pull", bytes done, bytes in all).
    Raises ModelError when the name is unknown there, the hub is out of reach, or the disk is full.
    """
    if not _NAME.fullmatch(name):
        raise ModelError(f"语音模型名 {name} 不合规：请用 {'、'.join(HUB_NAMES)} 或“组织/模型”形式的名字。")
    target = models_folder() / _folder_name(name)
    partial = target.with_name(target.name + ".partial")
    try:
        partial.mkdir(parents=True, exist_ok=True)
        if name == DIARIZATION:
            source = _fetch_diarization(partial, mirror, progress)
        else:
            source = _fetch_model(_repository(name), partial, mirror, progress)
        shutil.rmtree(partial / ".cache", ignore_errors=True)
        manifest = {
            "name": name,
            "source": source,
            "sha256": {
                file.name: _sha256(file) for file in sorted(partial.iterdir()) if file.name != MANIFEST
            },
        }
        (partial / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        partial.rename(target)
    except ModelError:
        if not any(file.is_file() for file in partial.rglob("*")):
            shutil.rmtree(partial, ignore_errors=True)  # nothing came: there is nothing to go on with
        raise
    except OSError as error:
        raise ModelError(
            f"语音模型 {name} 没能写入 {models_folder()}（{reason(error)}）：请检查磁盘空间和权限。"
        ) from error
    return target


def check(name: str | Path) -> ModelFolder:
    """Recompute a model's checksums; returns the model when all is well.

    Raises ModelError naming the damaged or missing files. A folder without a manifest is checked for
    completeness only.
    """
    if str(name) == DIARIZATION:
        if diarization_models() is None:
            raise ModelError(f"本机没有说话人模型：请运行 huijian asr pull {DIARIZATION}。")
        model = ModelFolder(
            name=DIARIZATION, path=models_folder() / DIARIZATION, profile=Profile(), revision=""
        )
    else:
        model = resolve(name)
    bad = [
        file
        for file, digest in _manifest(model.path).get("sha256", {}).items()
        if not (model.path / file).is_file() or _sha256(model.path / file) != digest
    ]
    if bad:
        raise ModelError(
            f"语音模型 {model.name} 的文件已损坏或缺失（{'、'.join(bad)}）："
            f"请运行 huijian asr pull {model.name} 重新获取。"
        )
    return model


# ---------------------------------------------------------------- folders


def _repository(name: str) -> str:
    return HUB_NAMES.get(name, name)


def _folder_name(name: str) -> str:
    return name.replace("/", "--")


def _folders() -> list[Path]:
    root = models_folder()
    if not root.is_dir():
        return []
    return sorted(
        p for p in root.iterdir() if p.is_dir() and p.name != DIARIZATION and p.suffix != ".partial"
    )


def _stored(name: str) -> Path | None:
    """Where a model of this name lies or would lie; None when it cannot be a model's name."""
    if not _NAME.fullmatch(name):
        return None
    short = {repository: short for short, repository in HUB_NAMES.items()}
    for candidate in (name, _repository(name), short.get(name, name)):
        path = models_folder() / _folder_name(candidate)
        if path.is_dir():
            return path
    return models_folder() / _folder_name(name)


def _describe(path: Path) -> ModelFolder:
    profile = read_profile(path)
    manifest = _manifest(path)
    digests = manifest.get("sha256", {})
    revision = digests.get(_WEIGHTS) or _quick_fingerprint(path)
    return ModelFolder(
        name=str(manifest.get("name") or profile.name or path.name),
        path=path,
        profile=profile,
        revision=str(revision)[:12],
        warning=profile.warning,
    )


def _demo() -> ModelFolder:
    return replace(_describe(DEMO_MODEL), name="demo")


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"语音模型的清单 {path / MANIFEST} 读不出来：请重新获取该模型。") from error
    return manifest if isinstance(manifest, dict) else {}


def _quick_fingerprint(path: Path) -> str:
    """Tells versions of an unlisted model apart without reading gigabytes: ends and size of the weights."""
    weights = path / _WEIGHTS
    size = weights.stat().st_size
    with weights.open("rb") as file:
        head = file.read(1 << 16)
        file.seek(max(0, size - (1 << 16)))
        return hashlib.sha256(head + file.read() + str(size).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---------------------------------------------------------------- fetching


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A file to fetch; ``sha256`` as the hub lists it, which it does for large files only."""

    repository: str
    file: str
    local: str
    size: int
    sha256: str | None


def _fetch_model(repository: str, into: Path, mirror: str | None, progress: Progress) -> str:
    files = [
        wanted
        for wanted in _listing(repository, mirror)
        if _WANTED.fullmatch(wanted.file) or wanted.file == PROFILE_FILE
    ]
    missing = set(_NEEDED) - {wanted.file for wanted in files}
    if missing:
        raise ModelError(
            f"{repository} 不是 CTranslate2 格式的 Whisper 模型（缺 {'、'.join(sorted(missing))}）："
            "请换一个模型名。"
        )
    _download(files, into, mirror, progress)
    return repository


def _fetch_diarization(into: Path, mirror: str | None, progress: Progress) -> str:
    files: list[_Wanted] = []
    for local, (repository, file) in DIARIZATION_FILES.items():
        listed = [wanted for wanted in _listing(repository, mirror) if wanted.file == file]
        if not listed:
            raise ModelError(f"{repository} 里没有 {file}：请换一个镜像地址重试。")
        files.append(replace(listed[0], local=local))
    _download(files, into, mirror, progress)
    return "、".join(repository for repository, _ in DIARIZATION_FILES.values())


def _hub(mirror: str | None) -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(endpoint=mirror.rstrip("/") if mirror else None, token=False, library_name="huijian")


def _listing(repository: str, mirror: str | None) -> list[_Wanted]:
    from httpx2 import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

    try:
        info = _hub(mirror).model_info(repository, files_metadata=True, timeout=20)
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelError(
            f"模型库里没有 {repository}：请检查模型名（可用 huijian asr list 查看常用名）。"
        ) from error
    except (HfHubHTTPError, HTTPError, OSError) as error:
        raise _unreachable(repository, mirror) from error
    return [
        _Wanted(
            repository=repository,
            file=file.rfilename,
            local=file.rfilename,
            size=int(file.size or 0),
            sha256=file.lfs.sha256 if file.lfs else None,
        )
        for file in info.siblings or ()
    ]


def _download(files: Sequence[_Wanted], into: Path, mirror: str | None, progress: Progress) -> None:
    """Fetch files into a folder, each checked against the hub's size and checksum."""
    from httpx2 import HTTPError
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    from tqdm.auto import tqdm

    total = float(sum(wanted.size for wanted in files))
    done = 0.0

    class Reporter(tqdm):  # type: ignore[misc]
        """Hands the hub client's byte counts on instead of drawing them."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})
            self._bytes = 0.0

        def update(self, n: float | None = 1) -> None:
            self._bytes += n or 0
            progress("pull", min(done + self._bytes, total), total)

    for wanted in files:
        try:
            fetched = hf_hub_download(
                wanted.repository,
                wanted.file,
                local_dir=into,
                endpoint=mirror.rstrip("/") if mirror else None,
                token=False,
                library_name="huijian",
                tqdm_class=Reporter,
            )
        except (HfHubHTTPError, LocalEntryNotFoundError, HTTPError) as error:
            raise _unreachable(wanted.repository, mirror) from error
        file = Path(fetched)
        if file.stat().st_size != wanted.size or (wanted.sha256 and _sha256(file) != wanted.sha256):
            file.unlink()
            raise ModelError(
                f"取到的 {wanted.file} 与模型库公布的大小或校验和不符："
                "网络或镜像有问题，请重试或换一个镜像地址。"
            )
        if wanted.local != wanted.file:
            file.rename(into / wanted.local)
        done += wanted.size
        progress("pull", done, total)


def _unreachable(repository: str, mirror: str | None) -> ModelError:
    where = f" {mirror}" if mirror else "默认的模型库"
    return ModelError(
        f"连不上{where}，取不到语音模型 {repository}：请检查网络，或用 --mirror 指定可用的镜像地址后重试。"
    )
