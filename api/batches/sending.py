"""A folder of recordings sent to a service as one batch: what ``huijian batch --service`` does.

The service knows which files it still waits for; kept here is only which batch that is and where each upload
that has begun continues. So it may be killed at any point and run again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import urljoin

import httpx
import typer
from platformdirs import user_state_path
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from api.batches.archive import Found, open_archive
from qa_pipeline.errors import HuijianError, InputError, OutputError, reason
from qa_pipeline.files import write_atomically
from qa_pipeline.folder import meetings_in
from qa_pipeline.pipeline import TEXT

CHUNK: Final = 4 << 20
"""Bytes a request: so much is sent again at most after a broken connection."""
BACK_OFF: Final = (1, 2, 5, 10, 30, 60, 120, 300)
"""Seconds before the service is asked again that does not answer."""
LOOK_SECONDS: Final = 5.0
TUS: Final = {"Tus-Resumable": "1.0.0"}
SHOWN: Final = 50
"""Lines of a list that are printed."""


class Refused(InputError):  # noqa: N818 (as the service says it)
    """The service answered that it will not; ``status`` as it said."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the batch is to be: the fields of ``POST /batches``."""

    name: str
    manifest: str | None
    pattern: str | None
    month: str | None
    institution: str | None
    again: bool


class Service:
    """The service at an address, asked with a key; waits and asks again while it does not answer."""

    def __init__(self, address: str, key: str, *, wait: Callable[[float], None] = time.sleep) -> None:
        if not address.startswith(("http://", "https://")):
            raise InputError(f"服务地址 {address} 无法识别：请写成 https://主机名。")
        self.address = address.rstrip("/")
        self.wait = wait
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"}, timeout=httpx.Timeout(60, read=600)
        )

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer; raises Refused, OutputError when none comes."""
        for pause in (*BACK_OFF, None):
            wait: float | None = pause
            try:
                answer = self._client.request(method, urljoin(f"{self.address}/", path), **more)
            except httpx.TransportError as error:
                why = f"服务 {self.address} 没有应答（{type(error).__name__}）"
            else:
                if answer.status_code < 400:
                    return answer
                why = _sentence(answer)
                if answer.status_code not in (429, 502, 503, 504):
                    raise Refused(why, answer.status_code)
                if pause is not None and answer.headers.get("Retry-After", "").isdigit():
                    wait = max(pause, int(answer.headers["Retry-After"]))
            if wait is None:
                break
            typer.echo(f"{why}；{wait:g} 秒后再试。", err=True)
            self.wait(wait)
        raise OutputError(f"{why}：请检查网络后再运行一次，从断点继续。")

    def pages(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """All rows of a list."""
        while True:
            answer = self.ask("GET", path, params={**query, "limit": "200"}).json()
            yield from answer["items"]
            if answer["next"] is None:
                return
            query["cursor"] = answer["next"]


@dataclass(slots=True)
class _Begun:
    """Kept on this machine: the batch, the files that it was begun with, how many of them belong to no
    meeting, whether its results were fetched, the address of each upload that has begun, and by which mark a
    file was known that was sent and not taken (yet)."""

    place: Path
    batch: str | None = None
    offered: list[str] = field(default_factory=list)
    unmatched: int = 0
    over: bool = False
    uploads: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)

    def save(self) -> None:
        kept = {"batch": self.batch, "offered": self.offered, "unmatched": self.unmatched, "over": self.over,
                "uploads": self.uploads, "marks": self.marks}  # fmt: skip
        write_atomically(self.place, json.dumps(kept, ensure_ascii=False).encode())


def read_text(file: Path) -> str:
    """A manifest as spreadsheets save it: UTF-8, or GB18030. Raises InputError."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"清单 {file} 打不开（{reason(error)}）：请检查路径。") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"清单 {file} 的编码无法识别：请另存为 UTF-8 的 CSV。")


def ask(service: Service, folder: Path, wanted: Wanted, *, dry_run: bool) -> dict[str, Any]:
    """What the service says of the folder's files; begins the batch unless it is a dry run."""
    files = list(_found(folder))
    sound = [one for one in files if one.refused is None]
    if not sound:
        raise InputError(f"{folder} 里没有录音：请检查路径；文字稿请去掉 --service，在本机质检。")
    archive = open_archive(str(folder), "")
    offered = [
        {"file": one.file, "size": one.size, "created": _moment(archive.created(one.file))} for one in sound
    ]
    body = {**asdict(wanted), "files": offered, "dry_run": dry_run}
    answer: dict[str, Any] = service.ask("POST", "api/v1/batches", json=body).json()
    answer["unmatched"] += [
        {"line": None, "file": one.file, "reason": one.refused} for one in files if one.refused is not None
    ]
    return answer


def told(folder: Path, answer: Mapping[str, Any]) -> None:
    """Print what was matched and what was not, and what of the folder is not sent at all."""
    meetings, _ = meetings_in(folder)
    texts = [file for one in meetings for file in one.files if Path(file).suffix.lower() in TEXT]
    _unsent(folder, texts, "文字稿", "服务只收录音，文字稿请去掉 --service 在本机质检")
    facts = [one.facts for one in meetings if one.facts is not None and one.files[0] not in texts]
    _unsent(folder, facts, "会议信息文件", "服务按它那里登记的机构、时间和名单质检")
    typer.echo(f"对得上 {len(answer['matched'])} 个文件，对不上 {len(answer['unmatched'])} 个。")
    for row in answer["matched"][:SHOWN]:
        typer.echo(f"  {row['file']} → {row['institution']} {row['day']} {row['meeting'] or '（新登记）'}")
    for row in answer["unmatched"][:SHOWN]:
        line = f"清单第 {row['line']} 行 " if row["line"] else ""
        typer.echo(f"  对不上 {line}{row['file']}：{row['reason']}")
    for kind in ("matched", "unmatched"):
        if len(answer[kind]) > SHOWN:
            typer.echo(f"  …… 其余 {len(answer[kind]) - SHOWN} 个未列出")
    if answer["inspected"]:
        typer.echo(
            f"  已有结论而跳过 {len(answer['inspected'])} 场；要重新质检请加 --again（由人复核过的除外）"
        )


def _unsent(folder: Path, files: Sequence[str], what: str, why: str) -> None:
    if files:
        names = "、".join(str(Path(file).relative_to(folder)) for file in files[:3])
        more = "等" if len(files) > 3 else ""
        typer.echo(f"有 {len(files)} 个{what}没有发送（{names}{more}）：{why}。")


def send(service: Service, folder: Path, wanted: Wanted, *, out: Path, follow: bool) -> bool:
    """Begin a batch or go on with the one begun; whether every file was matched and taken and every meeting
    inspected."""
    begun = _begun(service, folder)
    mended: list[dict[str, Any]] = []
    if begun.batch is None:
        answer = ask(service, folder, wanted, dry_run=False)
        told(folder, answer)
        if answer["batch"] is None:
            typer.echo("没有要质检的录音。")
            return not answer["unmatched"]
        begun.batch, begun.unmatched = answer["batch"]["code"], len(answer["unmatched"])
        begun.offered = list(_sendable(folder))
        begun.save()
    else:
        mended = _resumed(service, folder, begun)
    path = f"api/v1/batches/{begun.batch}"
    problems = _send_all(service, folder, begun, path, mended)
    for file, why in problems:
        typer.echo(f"未收下 {file}：{why}")
    if not follow:
        state = service.ask("GET", path).json()
        if not state["finished"]:
            ended = state["jobs"]["done"] + state["jobs"]["failed"] + state["jobs"]["cancelled"]
            so_far = f"已质检 {ended} 场，还有 {sum(state['jobs'].values()) - ended} 场"
            typer.echo(f"批次 {begun.batch} 由服务继续质检（{so_far}）；再运行一次可查看进度、取回结果。")
            return not problems and begun.unmatched == state["files"]["refused"] == 0
    state = _follow(service, path)
    _keep(service, path, out / "results.xlsx")
    jobs, refused = state["jobs"], state["files"]["refused"]
    if refused:
        begun.over = True
        begun.save()
    elif state["files"]["waiting"] == 0:
        begun.place.unlink(missing_ok=True)
    counts = f"完成 {jobs['done']} 场，失败 {jobs['failed']} 场，未收下 {refused} 个文件"
    if begun.unmatched:
        counts += f"，对不上 {begun.unmatched} 个文件"
    typer.echo(f"{counts}；结果在 {out / 'results.xlsx'}")
    return not problems and begun.unmatched == jobs["failed"] == jobs["cancelled"] == refused == 0


# ---------------------------------------------------------------- inner steps


def _begun(service: Service, folder: Path) -> _Begun:
    """What an earlier run began, unless the service does not know the batch any more, or its results are
    here and it waits for nothing."""
    name = hashlib.sha256(f"{service.address} {folder.absolute()}".encode()).hexdigest()[:32]
    begun = _Begun(user_state_path("huijian") / "sending" / f"{name}.json")
    try:
        kept = json.loads(begun.place.read_bytes())
        begun.batch, begun.uploads = kept["batch"], kept["uploads"]
        begun.offered, begun.marks = kept.get("offered", []), kept.get("marks", {})
        begun.unmatched = kept.get("unmatched", 0)
        state = service.ask("GET", f"api/v1/batches/{begun.batch}").json()
    except (OSError, ValueError, KeyError):
        return _Begun(begun.place)
    except Refused as error:
        if error.status != 404:
            raise
        return _Begun(begun.place)
    return _Begun(begun.place) if kept.get("over") and not state["files"]["waiting"] else begun


def _resumed(service: Service, folder: Path, begun: _Begun) -> list[dict[str, Any]]:
    """Print which batch goes on, and which files do not; returns the refused ones that are others by now."""
    path = f"api/v1/batches/{begun.batch}"
    state = service.ask("GET", path).json()
    typer.echo(f"继续批次 {begun.batch}")
    if state["paused"]:
        typer.echo("批次已暂停：文件照常上传，质检等到在控制台的“批次”中点“继续”。")
    here = _sendable(folder)
    if new := [file for file in here if begun.offered and file not in begun.offered]:
        typer.echo(
            f"有 {len(new)} 个文件是建批次之后才有的（{'、'.join(new[:3])}{'等' if len(new) > 3 else ''}），"
            "不在这一批：这一批质检完后再运行一次，即另建一批。"
        )
    if not state["files"]["refused"]:
        return []
    refused = list(service.pages(f"{path}/files", state="refused"))
    mended = [
        row for row in refused if row["file"] in here and _is_other(folder, here[row["file"]], row, begun)
    ]
    if mended:
        typer.echo(f"有 {len(mended)} 个文件没有收下而后改过，现在再发。")
    if stay := [row for row in refused if row not in mended]:
        typer.echo(f"有 {len(stay)} 个文件服务没有收下，不会自动再发：")
        for row in stay[:SHOWN]:
            typer.echo(f"  {row['file']}：{row['error']}")
        if len(stay) > SHOWN:
            typer.echo(f"  …… 其余 {len(stay) - SHOWN} 个未列出")
        typer.echo(
            "要再发：换上改好的文件，再运行一次；文件本身没有问题的，排除原因后在控制台的“批次”中点"
            "“再试没有收下的文件”，再运行一次。"
        )
    return mended


def _is_other(folder: Path, one: Found, row: Mapping[str, Any], begun: _Begun) -> bool:
    """Whether a file is not the one any more that was refused."""
    if one.file in begun.marks:
        return begun.marks[one.file] != _mark(folder / one.file)
    return bool(one.size != row["size"])


def _mark(file: Path) -> str:
    """Tells a file from what stood in its place before."""
    try:
        there = file.stat()
    except OSError:
        return ""
    return f"{there.st_size} {there.st_mtime_ns}"


def _send_all(
    service: Service, folder: Path, begun: _Begun, path: str, mended: list[dict[str, Any]]
) -> list[tuple[str, str]]:
    """Send what the batch waits for and what was ``mended``; returns the files that were not taken, with the
    reason."""
    waiting = [row["file"] for row in (*service.pages(f"{path}/files", state="waiting"), *mended)]
    if not waiting:
        typer.echo("没有等着发送的文件。")
        return []
    here = _sendable(folder)
    problems: list[tuple[str, str]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("上传", total=sum(here[file].size for file in waiting if file in here))
        for number, file in enumerate(waiting, 1):
            bar.update(task, description=f"上传 {number}/{len(waiting)}")
            try:
                if file not in here:
                    raise InputError("文件夹中没有这个文件：请放回后再运行一次。")
                if begun.marks.get(file) != (mark := _mark(folder / file)):
                    begun.uploads.pop(file, None)  # the rest of another file is not added to what is there
                    begun.marks[file] = mark
                with (folder / file).open("rb") as content:
                    _send_one(service, begun, file, content, here[file].size, partial(bar.advance, task))
                begun.marks.pop(file)
            except OSError as error:
                problems.append((file, f"读取失败（{reason(error)}）"))
            except OutputError:
                raise
            except HuijianError as error:
                problems.append((file, str(error)))
            begun.uploads.pop(file, None)
            begun.save()
    return problems


def _send_one(
    service: Service,
    begun: _Begun,
    file: str,
    content: BinaryIO,
    size: int,
    sent: Callable[[int], None],
) -> None:
    at = _offset(service, begun.uploads.get(file))
    if at is None:
        words = {"filename": file.rpartition("/")[2], "batch": begun.batch or "", "file": file}
        coded = ",".join(f"{key} {base64.b64encode(word.encode()).decode()}" for key, word in words.items())
        head = {**TUS, "Upload-Length": str(size), "Upload-Metadata": coded}
        begun.uploads[file] = service.ask("POST", "api/v1/uploads", headers=head).headers["Location"]
        begun.save()
        at = 0
    sent(at)
    pauses = list(BACK_OFF)
    while at < size:
        content.seek(at)
        piece = content.read(CHUNK)
        if not piece:
            raise InputError("文件在发送时变短了：请放回原文件。")
        head = {**TUS, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
        try:
            answer = service.ask("PATCH", begun.uploads[file], headers=head, content=piece)
            reached = int(answer.headers["Upload-Offset"])
        except Refused as error:
            # The answer to an earlier attempt was lost, or its connection still holds the file.
            if error.status != 409 or not pauses:
                raise
            reached = _offset(service, begun.uploads[file]) or 0
            if reached <= at:
                service.wait(pauses.pop(0))
        sent(reached - at)
        at = reached


def _offset(service: Service, upload: str | None) -> int | None:
    """Where an upload goes on; None when there is none any more."""
    if upload is None:
        return None
    try:
        return int(service.ask("HEAD", upload, headers=TUS).headers["Upload-Offset"])
    except Refused as error:
        if error.status not in (404, 410):
            raise
        return None


def _follow(service: Service, path: str) -> dict[str, Any]:
    """Show the batch's progress until nothing more can be done for it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TextColumn("{task.fields[eta]}"), console=Console(stderr=True)) as bar:
        task = bar.add_task("质检", total=1.0, eta="")
        while True:
            state: dict[str, Any] = service.ask("GET", path).json()
            done_by = datetime.fromisoformat(state["done_by"]).astimezone() if state["done_by"] else None
            eta = "已暂停" if state["paused"] else f"预计 {done_by:%m-%d %H:%M}" if done_by else ""
            bar.update(task, completed=state["progress"], eta=eta)
            if not state["jobs"]["queued"] + state["jobs"]["running"]:
                return state
            service.wait(LOOK_SECONDS)


def _keep(service: Service, path: str, file: Path) -> None:
    write_atomically(file, service.ask("GET", f"{path}/results.xlsx").content)


def _found(folder: Path) -> Iterator[Found]:
    """The folder's recordings, without what an earlier run wrote."""
    return open_archive(str(folder), "").files()


def _sendable(folder: Path) -> dict[str, Found]:
    return {one.file: one for one in _found(folder) if one.refused is None}


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"服务回答 {answer.status_code}"
