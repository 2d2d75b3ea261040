"""Long work in steps: what is finished is kept until all is, so that work which was interrupted goes on."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.errors import OutputError
from qa_pipeline.files import write_atomically

Arrays = dict[str, NDArray[Any]]
Step = Callable[[int, Callable[[], Arrays]], Arrays]
"""Called with the number of a step and what does it; returns what comes, or once came, of that."""
_SEAL: Final = hashlib.sha256().digest_size


def afresh(number: int, make: Callable[[], Arrays]) -> Arrays:
    """A step that nobody keeps."""
    return make()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The finished steps of one piece of work, a file each in ``folder``, which is theirs alone.

    ``key`` stands for all that decides what the steps make. A file is a SHA-256 over the key, its own name
    and the npz that follows: what was made under another key, or is damaged, counts for nothing and is made
    again. ``unwritten`` is told when a step cannot be kept, which is no reason to lose the work itself.
    """

    folder: Path
    key: bytes
    unwritten: Callable[[OutputError], None]

    def finished(self) -> int:
        """How many steps need not be made again."""
        return sum(self._read(path) is not None for path in self.folder.glob("*.step"))

    def step(self, number: int, make: Callable[[], Arrays]) -> Arrays:
        path = self.folder / f"{number}.step"
        kept = self._read(path)
        if kept is not None:
            with np.load(BytesIO(kept), allow_pickle=False) as arrays:
                return dict(arrays)
        made = make()
        content = BytesIO()
        np.savez(content, allow_pickle=False, **made)  # weights hardly shrink
        try:
            write_atomically(path, self._seal(path, content.getvalue()) + content.getvalue())
        except OutputError as error:
            self.unwritten(error)
        return made

    def forget(self) -> None:
        """All is done: nobody will ask for the steps again."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, path: Path) -> bytes | None:
        try:
            content = path.read_bytes()
        except OSError:
            return None
        seal, kept = content[:_SEAL], content[_SEAL:]
        return kept if seal == self._seal(path, kept) else None

    def _seal(self, path: Path, content: bytes) -> bytes:
        return hashlib.sha256(self.key + path.name.encode() + content).digest()
