"""The lines of a Word file (.docx), which is how meeting apps hand out a transcript by default."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - a class, for all its name

from qa_pipeline.errors import TranscriptError

MAX_UNPACKED: Final = 200_000_000
"""Bytes of a Word file once unpacked: a small file may unpack to any size."""


def read_word(path: Path) -> str:
    """Paragraphs and rows of tables in their order, a line each; the cells of a row with a space between.

    Raises TranscriptError when it is no Word file.
    """
    from docx import Document

    try:
        with ZipFile(path) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > MAX_UNPACKED:
            raise TranscriptError(
                f"文字稿 {path} 解开后有 {unpacked / 1e6:.0f} MB：这不像一场会议的文字稿，请检查文件。"
            )
        return "\n".join(_lines(Document(str(path))))
    except (BadZipFile, ZlibError, RuntimeError, KeyError, ValueError, SyntaxError) as error:
        # RuntimeError: packed with a password or in an unknown way; the last for XML that is none.
        raise TranscriptError(
            f"文字稿 {path} 不是 Word（.docx）文件，或已损坏：请重新导出，或另存为 TXT 后重试。"
        ) from error


def _lines(document: Any) -> Iterator[str]:
    from docx.table import Table

    for block in document.iter_inner_content():
        if isinstance(block, Table):
            for row in block.rows:
                yield " ".join(cell.text.strip() for cell in row.cells)
        else:
            yield block.text
