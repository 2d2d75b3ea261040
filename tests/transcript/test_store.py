"""The model store against the genuine hub client and a small mirror on this machine."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from qa_pipeline.cli import app
from qa_pipeline.errors import ModelError
from qa_pipeline.transcript import store

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SMALL = "Systran/faster-whisper-small"
MODEL = {
    "config.json": b"{}",
    "model.bin": b"weights" * 1000,
    "tokenizer.json": b"{}",
    "vocabulary.txt": b"a\nb\n",
    "README.md": b"not needed",
    "sub/model.bin": b"not needed either",
}


@dataclass
class Mirror:
    """A hub with some repositories; ``damage`` maps a file to the bytes sent instead, None for a refusal."""

    address: str = ""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    damage: dict[str, bytes | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Files that were downloaded."""

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/api/models/"):
            name = path.removeprefix("/api/models/").partition("/revision/")[0].partition("?")[0]
            if name not in self.repositories:
                return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
            siblings = [self._sibling(file, data) for file, data in self.repositories[name].items()]
            listing: dict[str, Any] = {"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings}
            return 200, {"Content-Type": "application/json"}, json.dumps(listing).encode()
        name, _, rest = path.lstrip("/").partition("/resolve/")
        file = rest.partition("/")[2]
        data = self.repositories.get(name, {}).get(file)
        sent = self.damage.get(file, data)
        if data is None or sent is None:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        digest = hashlib.sha256(data).hexdigest()
        headers = {"ETag": f'"{digest}"', "X-Repo-Commit": COMMIT}
        return 200, headers, sent

    def _sibling(self, file: str, data: bytes) -> dict[str, Any]:
        sibling: dict[str, Any] = {"rfilename": file, "size": len(data), "blobId": "0" * 40}
        if file.endswith((".bin", ".onnx")):
            digest = hashlib.sha256(data).hexdigest()
            sibling["lfs"] = {"size": len(data), "sha256": digest, "pointerSize": 130}
        return sibling


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    hub = Mirror(repositories={SMALL: dict(MODEL)})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path)
            status, headers, body = hub.answer(path)
            if "/resolve/" in path and self.command == "GET":
                hub.asked.append(path.rpartition(f"/{'main'}/")[2])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, format: str, *args: object) -> None:
            """Tests are silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty model store."""
    folder = tmp_path / "语音 模型"
    monkeypatch.setenv("HUIJIAN_MODELS", str(folder))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return folder


# ---------------------------------------------------------------- fetching


def test_a_model_is_fetched_by_its_short_name_with_what_it_needs_and_no_more(
    mirror: Mirror, models: Path
) -> None:
    seen: list[tuple[str, float, float]] = []
    folder = store.pull("small", mirror=mirror.address, progress=lambda *step: seen.append(step))
    assert folder == models / "small"
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "manifest.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.txt",
    ]
    assert (folder / "model.bin").read_bytes() == MODEL["model.bin"]
    total = float(sum(len(MODEL[name]) for name in MODEL if "/" not in name and name != "README.md"))
    assert seen[-1] == ("pull", total, total)
    assert [path.name for path in models.iterdir()] == ["small"]


def test_a_fetched_model_is_found_by_both_its_names_and_becomes_the_default(mirror: Mirror) -> None:
    assert store.resolve(None).name == "demo"
    store.pull("small", mirror=mirror.address)
    digest = hashlib.sha256(MODEL["model.bin"]).hexdigest()
    for name in ("small", SMALL, None):
        found = store.resolve(name)
        assert (found.name, found.revision, found.warning) == ("small", digest[:12], "")
    assert [model.name for model in store.installed()] == ["small", "demo"]


def test_the_diarization_models_are_fetched_from_two_repositories(mirror: Mirror, models: Path) -> None:
    assert store.diarization_models() is None
    for local, (repository, file) in store.DIARIZATION_FILES.items():
        mirror.repositories[repository] = {file: local.encode() * 100, "other.onnx": b"x"}
    store.pull("diarization", mirror=mirror.address)
    found = store.diarization_models()
    assert found is not None
    assert [path.read_bytes() for path in found] == [b"segmentation.onnx" * 100, b"embedding.onnx" * 100]
    assert store.check("diarization").path == models / "diarization"
    found[1].write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"diarization 的文件已损坏或缺失（embedding\.onnx）"):
        store.check("diarization")


def test_an_interrupted_fetch_goes_on_where_it_stopped(mirror: Mirror) -> None:
    mirror.damage["tokenizer.json"] = None
    with pytest.raises(ModelError):
        store.pull("small", mirror=mirror.address)
    assert "model.bin" in mirror.asked
    mirror.damage.clear()
    mirror.asked.clear()
    store.pull("small", mirror=mirror.address)
    assert "tokenizer.json" in mirror.asked
    assert "model.bin" not in mirror.asked


@pytest.mark.parametrize(
    ("file", "sent"),
    [("model.bin", MODEL["model.bin"].replace(b"w", b"W")), ("vocabulary.txt", b"<html>log in</html>")],
)
def test_a_mirror_that_sends_other_bytes_than_it_lists_is_refused(
    mirror: Mirror, models: Path, file: str, sent: bytes
) -> None:
    mirror.damage[file] = sent
    with pytest.raises(ModelError) as refusal:
        store.pull("small", mirror=mirror.address)
    assert str(refusal.value) == (
        f"取到的 {file} 与模型库公布的大小或校验和不符：网络或镜像有问题，请重试或换一个镜像地址。"
    )
    assert not (models / "small").exists()
    mirror.damage.clear()
    assert store.check(store.pull("small", mirror=mirror.address)).revision


def test_a_mirror_that_cannot_be_reached_is_named(models: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ModelError) as refusal:
        store.pull("small", mirror=address)
    assert str(refusal.value) == (
        f"连不上 {address}，取不到语音模型 {SMALL}：请检查网络，或用 --mirror 指定可用的镜像地址后重试。"
    )
    assert store.installed()[0].name == "demo"
    assert list(models.iterdir()) == []


def test_a_model_that_the_hub_does_not_have_is_refused(mirror: Mirror) -> None:
    with pytest.raises(ModelError, match="模型库里没有 someone/nothing：请检查模型名"):
        store.pull("someone/nothing", mirror=mirror.address)


def test_a_repository_that_is_no_ctranslate2_model_is_refused(mirror: Mirror) -> None:
    mirror.repositories["openai/whisper-small"] = {"config.json": b"{}", "model.safetensors": b"x"}
    with pytest.raises(ModelError) as refusal:
        store.pull("openai/whisper-small", mirror=mirror.address)
    assert str(refusal.value) == (
        "openai/whisper-small 不是 CTranslate2 格式的 Whisper 模型（缺 model.bin、tokenizer.json）："
        "请换一个模型名。"
    )


@pytest.mark.parametrize("name", ["../up", "a/b/c", ".hidden", "", "a b", "/etc"])
def test_a_name_that_could_leave_the_store_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="不合规"):
        store.pull(name)


def test_a_store_that_cannot_be_written_is_refused(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HUIJIAN_MODELS", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"语音模型 small 没能写入 .*：请检查磁盘空间和权限。"):
        store.pull("small", mirror=mirror.address)


# ---------------------------------------------------------------- finding and checking


def test_on_a_bare_machine_the_demo_model_is_the_default_with_its_warning() -> None:
    model = store.resolve(None)
    assert (model.name, model.path) == ("demo", store.DEMO_MODEL)
    assert model.warning
    assert model.size < 15_000_000


def test_better_models_come_before_lesser_ones_and_unknown_ones(mirror: Mirror) -> None:
    mirror.repositories |= {store.HUB_NAMES["large-v3-turbo"]: MODEL, "someone/own": MODEL}
    for name in ("someone/own", "small", "large-v3-turbo"):
        store.pull(name, mirror=mirror.address)
    assert [model.name for model in store.installed()] == ["large-v3-turbo", "small", "someone/own", "demo"]


def test_a_model_that_is_not_here_is_not_fetched_but_named_with_the_command_that_does() -> None:
    with pytest.raises(ModelError) as refusal:
        store.resolve("small")
    assert str(refusal.value) == (
        "本机没有语音模型 small：请先运行 huijian asr pull small，或用 huijian asr list 查看已有的模型。"
    )


def test_a_folder_is_a_model_when_it_holds_one(tmp_path: Path) -> None:
    copy = tmp_path / "我的 模型"
    shutil.copytree(store.DEMO_MODEL, copy)
    assert store.resolve(copy).path == copy
    (copy / "tokenizer.json").unlink()
    with pytest.raises(ModelError) as refusal:
        store.resolve(str(copy))
    assert str(refusal.value) == (
        f"文件夹 {copy} 不是语音模型（缺 tokenizer.json）：请指定 CTranslate2 格式的 Whisper 模型。"
    )


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"找不到语音模型文件夹 .*没有："):
        store.resolve(tmp_path / "没有")


def test_check_finds_damaged_and_missing_files(mirror: Mirror) -> None:
    folder = store.pull("small", mirror=mirror.address)
    assert store.check("small").path == folder
    data = bytearray(MODEL["model.bin"])
    data[3000] ^= 1
    (folder / "model.bin").write_bytes(data)
    (folder / "vocabulary.txt").unlink()
    with pytest.raises(ModelError) as refusal:
        store.check("small")
    assert str(refusal.value) == (
        "语音模型 small 的文件已损坏或缺失（model.bin、vocabulary.txt）："
        "请运行 huijian asr pull small 重新获取。"
    )


def test_check_without_diarization_models_says_how_to_get_them() -> None:
    with pytest.raises(ModelError, match="本机没有说话人模型：请运行 huijian asr pull diarization。"):
        store.check("diarization")


# ---------------------------------------------------------------- the commands


def test_the_commands_list_pull_and_check(mirror: Mirror) -> None:
    def huijian_asr(*words: str) -> str:
        result = CliRunner().invoke(app, ["asr", *words])
        assert result.exit_code == 0, result.output
        return result.output

    assert "small" in huijian_asr("pull", "small", "--mirror", mirror.address)
    listed = huijian_asr("list")
    assert listed.index("small") < listed.index("demo")
    assert "说话人模型：没有" in listed
    checked = huijian_asr("check")
    assert "small 完好：" in checked
    assert "demo 完好：" in checked or "demo 文件齐全（没有校验和清单）：" in checked


def test_a_refusal_is_a_sentence_and_exit_code_2() -> None:
    result = CliRunner().invoke(app, ["asr", "check", "small"])
    assert result.exit_code == 2
    assert result.stderr.startswith("错误：本机没有语音模型 small：")
