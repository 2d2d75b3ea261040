"""Edits of what several people may edit at once: the reader's ETag comes back as If-Match."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final

from fastapi import Depends, Header, Response
from pydantic import BaseModel

from api.problems import Stale

TOLD: Final = "所示内容的标签：修改时在 If-Match 头中带回"
IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        description="读取时返回的 ETag，以免覆盖他人的修改；填 * 则不论内容如何都改",
        max_length=200,
    ),
]


def etag(shown: BaseModel) -> str:
    """A tag over the whole of what was shown: the same for what was just written as for what is read of it
    later, when the database gives moments in its own zone and numbers with its own zeros."""
    content = json.dumps(shown.model_dump(), default=_settled)
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'


def _settled(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return str(value)


async def tagging(response: Response) -> Callable[[BaseModel], None]:
    def tag(shown: BaseModel) -> None:
        response.headers["ETag"] = etag(shown)

    return tag


Tag = Annotated[Callable[[BaseModel], None], Depends(tagging)]
"""Of a route whose answer carries the tag of what it shows."""


def require_match(given: str, current: BaseModel) -> None:
    """Raise Stale when the reader saw something else."""
    if given.strip() not in ("*", etag(current)):
        raise Stale("内容在您读取之后已被他人修改：请重新读取后再改。")
