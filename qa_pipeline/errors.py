"""Every error a user can meet, as one small tree.

    HuijianError
    ├── InputError            what the user gave cannot be used; nothing is written
    │   ├── RecordingError    a file that is not a usable recording
    │   ├── TranscriptError   a transcript that cannot be read (format, times)
    │   ├── FactsError        meeting facts that are wrong (file, line, column, key)
    │   ├── RubricError       a rubric that is wrong (file, line, column, key)
    │   ├── ModelError        a speech model that is neither present nor reachable, or is damaged
    │   └── SheetError        rows of an imported file that are wrong (sheet, row, column); nothing is taken
    └── OutputError           a result that could not be written (read-only folder, full disk)

A message is one clear sentence in Chinese: what, where, what to do. The command line
shows it and exits with 2.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from typing import Final

SHOWN_PROBLEMS: Final = 10

_REASONS: Final[Mapping[int, str]] = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EEXIST: "路径中有一段是文件而不是文件夹",
    errno.ENOTDIR: "路径中有一段是文件而不是文件夹",
    errno.EISDIR: "这是一个文件夹",
    errno.ENAMETOOLONG: "文件名过长",
    errno.ELOOP: "链接绕成了圈",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EFBIG: "文件超过系统允许的大小",
    errno.EROFS: "所在的磁盘只读",
    errno.EIO: "磁盘读写出错",
    errno.ESTALE: "网络共享已断开",
    errno.ETIMEDOUT: "等待超时",
    errno.EBUSY: "文件正被占用",
    errno.EMFILE: "打开的文件过多",
    errno.ENFILE: "打开的文件过多",
    errno.ENOMEM: "内存不足",
    errno.EAGAIN: "系统资源不足",
    errno.ECONNREFUSED: "连接被拒绝",
    errno.ECONNRESET: "连接中断",
}


class HuijianError(Exception):
    """Base of all errors that are shown to a user; ``str(error)`` is the sentence to show."""


class InputError(HuijianError):
    """What the user gave cannot be used."""


class RecordingError(InputError):
    """The file is missing, empty, damaged, has no audio track, or holds no speech."""


class TranscriptError(InputError):
    """The transcript cannot be read, or its times are impossible."""


class FactsError(InputError):
    """The meeting facts name an unknown key, an unknown kind or an impossible value."""


class RubricError(InputError):
    """The rubric breaks its language; the message names file, line, column, key and the nearest word."""


class ModelError(InputError):
    """The speech model is not there and cannot be fetched, or its files are damaged."""


class SheetError(InputError):
    """Rows to be imported are wrong; ``problems`` has a sentence each, the message the first ones."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        shown = "".join(f"\n· {problem}" for problem in self.problems[:SHOWN_PROBLEMS])
        rest = f"\n· 另有 {len(problems) - SHOWN_PROBLEMS} 处" if len(problems) > SHOWN_PROBLEMS else ""
        super().__init__(f"有 {len(problems)} 处需要修改，未导入任何一行：{shown}{rest}")


class OutputError(HuijianError):
    """The result could not be written; nothing half-written is left behind."""


def reason(error: OSError) -> str:
    """Why the system refused, in Chinese; what is rare by its number."""
    return _REASONS.get(error.errno or 0, f"系统错误 {error.errno or error}")
