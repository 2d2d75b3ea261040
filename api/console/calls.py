"""Letting the browser ask the API: so the audit trail knows who did it, and from where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from nicegui import ui
from pydantic import BaseModel

from api.console.frame import View
from api.etags import etag

SECONDS: Final = 30
_CALL: Final = """
const options = {{method: {method}, credentials: 'same-origin', headers: {{'X-CSRF-Token': {csrf}}}}};
const body = {body}, match = {match};
if (match !== null) options.headers['If-Match'] = match;
if (body !== null) {{
  options.headers['Content-Type'] = 'application/json';
  options.body = JSON.stringify(body);
}}
try {{
  const answer = await fetch('/api/v1/' + {path}, options);
  if (answer.status === 401) {{
    hjSignIn();
    return {{ok: false, body: {{detail: '登录已过期，请重新登录。'}}}};
  }}
  const text = await answer.text();
  return {{ok: answer.ok, body: text ? JSON.parse(text) : null}};
}} catch (error) {{
  return {{ok: false, body: {{detail: '没有连上服务：请检查网络后重试。'}}}};
}}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said."""

    ok: bool
    body: Any

    @property
    def refusal(self) -> str:
        """The sentence that says why not; "" when it was done."""
        return "" if self.ok else str((self.body or {}).get("detail", "没有做成：请稍后重试。"))


async def call(
    view: View,
    method: str,
    path: str,
    body: Any = None,
    *,
    seen: BaseModel | None = None,
    seconds: int | None = None,
) -> Answer:
    """``path`` is the one behind ``/api/v1/``; ``seen`` is what a change is based on, where others may have
    changed it meanwhile."""
    match = None if seen is None else etag(seen)
    given = {"method": method, "csrf": view.csrf, "path": path, "body": body, "match": match}
    return await answered(
        _CALL.format(**{name: json.dumps(value) for name, value in given.items()}), seconds or SECONDS
    )


async def answered(script: str, seconds: int) -> Answer:
    """What a script of the browser that asks the API brings back. Whether an answer that did not come in time
    would have been a yes is not known."""
    try:
        answer = await ui.run_javascript(script, timeout=seconds)
    except TimeoutError:
        late = f"服务 {seconds} 秒没有回答：请刷新本页，看是否已经做成，再决定是否重做。"
        return Answer(False, {"detail": late})
    return Answer(bool(answer["ok"]), answer["body"])


async def did(view: View, method: str, path: str, *, said: str, body: Any = None) -> bool:
    """Ask, and say in passing how it went."""
    answer = await call(view, method, path, body)
    ui.notify(answer.refusal or said, type="positive" if answer.ok else "negative")
    return answer.ok
