"""A language model behind an OpenAI-compatible endpoint: where it is, what it is asked, what that cost.

It is asked in one way: rules, data between marks, a JSON schema for the answer, and a check that either takes
the answer or says what is wrong with it. A wrong answer may be put right once; then there is no answer. What
was taken is kept by its content, so the same question is never paid for twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from qa_pipeline.errors import InputError, OutputError
from qa_pipeline.files import write_atomically
from qa_pipeline.values.reader import ModelUse

if TYPE_CHECKING:
    from ssl import SSLContext

    from openai import OpenAI

CURRENCY: Final = "元"
WINDOW: Final = 10_000
"""Characters of a transcript in one request, three times as many for a question about the whole of it: with
the rules and the answer they fit a context of 32 000 tokens."""
KEEP_DAYS: Final = 90.0
TIMEOUT: Final = 120.0
"""Seconds that one answer may take, from the question to its last byte."""
PER: Final = 1_000_000
"""Tokens that a price is for."""
KEY_REFUSED: Final = (401, 403)
FORMAT_REFUSED: Final = (400, 404, 415, 422)
"""How servers answer that do not know ``json_schema``; they are asked for plain JSON instead."""

Answer = TypeVar("Answer")
Message = dict[str, str]


class NoAnswerError(Exception):
    """The model gave no answer that can be used; the message (Chinese) says why. No user meets it as an
    error: what the answer was for goes on without it."""

    def __init__(self, reason: str) -> None:
        # It may repeat words of the model, which end up on terminals.
        super().__init__("".join(char for char in reason if char.isprintable()))


class KeyRefusedError(NoAnswerError):
    """The server does not take the key: asking again later does not help."""


PARTS: Final = ("READER", "JUDGE")
SETTINGS: Final = (
    "URL", "MODEL", "KEY", "TIMEOUT", "WINDOW", "PRICE_IN", "PRICE_OUT", "CURRENCY", "KEEP_DAYS",
)  # fmt: skip
"""What may be set of an endpoint, behind ``HUIJIAN_<part>_``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model answers: ``url`` up to and without ``/chat/completions``; ``key`` may be empty.

    ``part``: what its settings begin with, after ``HUIJIAN_``. ``trusted``: it may see names and numbers.
    ``price_in`` and ``price_out`` are for a million tokens; None is unknown. ``window`` is how many
    characters it gets at once. ``kept`` is the folder of answers, None keeps none; those older than
    ``keep_days`` go.
    """

    url: str
    model: str
    part: str = "READER"
    key: str = field(default="", repr=False)
    timeout: float = TIMEOUT
    window: int = WINDOW
    trusted: bool = False
    price_in: float | None = None
    price_out: float | None = None
    currency: str = CURRENCY
    kept: Path | None = None
    keep_days: float = KEEP_DAYS

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or self.url


def configured(part: str, environment: Mapping[str, str] = os.environ) -> Endpoint | None:
    """The endpoint of ``HUIJIAN_<part>_URL``, ``_MODEL`` and ``_KEY``; None when no URL is set.

    ``HUIJIAN_READER_TRUSTED`` lists the hosts that may see names and numbers, separated by commas;
    ``_TIMEOUT`` (seconds), ``_WINDOW`` (characters), ``_PRICE_IN``, ``_PRICE_OUT`` (for a million tokens),
    ``_CURRENCY`` and ``_KEEP_DAYS`` (0: answers are not kept) are optional.
    Raises InputError for a URL that is not http(s), a model that is missing, a key that cannot be sent, or a
    number that is none.
    """

    def given(name: str) -> str:
        return environment.get(f"HUIJIAN_{part}_{name}", "").strip()

    def number(name: str) -> float | None:
        text = given(name)
        try:
            value = float(text) if text else None
        except ValueError:
            value = -1.0
        if value is not None and not 0 <= value < float("inf"):
            raise InputError(f"HUIJIAN_{part}_{name} 是「{text}」，要写不小于 0 的数。")
        return value

    def amount(name: str) -> float | None:
        value = number(name)
        if value == 0:
            raise InputError(f"HUIJIAN_{part}_{name} 是 0，要写大于 0 的数；不设则用默认值。")
        return value

    url, model = given("URL"), given("MODEL")
    if not url:
        return None
    if not url.startswith(("http://", "https://")) or not urlsplit(url).hostname:
        raise InputError(f"HUIJIAN_{part}_URL 是「{url}」，要写 http:// 或 https:// 开头的地址。")
    if not model:
        raise InputError(f"设了 HUIJIAN_{part}_URL 却没有 HUIJIAN_{part}_MODEL，请写出模型名字。")
    key = given("KEY")
    if not (key.isascii() and key.isprintable()):
        raise InputError(f"HUIJIAN_{part}_KEY 里有汉字或别的密钥里不会有的字符，请重新复制密钥。")
    days = number("KEEP_DAYS")
    hosts = {h.strip().lower() for h in environment.get("HUIJIAN_READER_TRUSTED", "").split(",")} - {""}
    return Endpoint(
        url=url.rstrip("/"),
        model=model,
        part=part,
        key=key,
        timeout=amount("TIMEOUT") or TIMEOUT,
        window=int(amount("WINDOW") or WINDOW),
        trusted=(urlsplit(url).hostname or "").lower() in hosts,
        price_in=number("PRICE_IN"),
        price_out=number("PRICE_OUT"),
        currency=given("CURRENCY") or CURRENCY,
        kept=None if days == 0 else _data_folder(environment) / "reader",
        keep_days=KEEP_DAYS if days is None else days,
    )


def _data_folder(environment: Mapping[str, str]) -> Path:
    from platformdirs import user_data_path

    return Path(environment.get("HUIJIAN_DATA_FOLDER") or user_data_path("huijian"))


class Correspondence:
    """What one inspection asks of one model, and what it has cost so far."""

    def __init__(self, endpoint: Endpoint, *, purpose: str) -> None:
        self.endpoint = endpoint
        self._purpose = purpose
        self._requests = 0
        self._cached = 0
        self._unanswered = 0
        self._tokens: list[tuple[int, int] | None] = []

    @property
    def use(self) -> ModelUse:
        """Requests, tokens and cost; what the server did not count, or has no price here, is unknown."""
        known = [t for t in self._tokens if t is not None]
        counted = len(known) == len(self._tokens)
        tokens_in, tokens_out = (sum(t[i] for t in known) if counted else None for i in (0, 1))
        at = self.endpoint
        cost = None
        if None not in (tokens_in, tokens_out, at.price_in, at.price_out):
            cost = ((tokens_in or 0) * (at.price_in or 0) + (tokens_out or 0) * (at.price_out or 0)) / PER
        return ModelUse(
            purpose=self._purpose,
            model=at.model,
            host=at.host,
            requests=self._requests,
            cached=self._cached,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=cost,
            currency=at.currency,
            masked=not at.trusted,
            unanswered=self._unanswered,
        )

    def ask(
        self, rules: str, data: str, *, schema: Mapping[str, Any], check: Callable[[str], Answer]
    ) -> Answer:
        """The answer that ``check`` takes. It raises ValueError (Chinese) for one it does not take.

        Raises NoAnswerError: nobody there, too slow, refused, cut short, or wrong twice.
        """
        place = self._place(rules, data, schema)
        if place is not None and (kept := _read(place)) is not None:
            try:
                answer = check(kept)
            except ValueError:
                pass  # Kept by an older program, or damaged: asked anew.
            else:
                self._cached += 1
                return answer
        try:
            with self._connected() as client:
                answer, text = self._answered(client, rules, data, schema, check)
        except NoAnswerError:
            self._unanswered += 1
            raise
        if place is not None:
            _keep(place, text, days=self.endpoint.keep_days)
        return answer

    def _answered(
        self,
        client: OpenAI,
        rules: str,
        data: str,
        schema: Mapping[str, Any],
        check: Callable[[str], Answer],
    ) -> tuple[Answer, str]:
        said: list[Message] = [{"role": "system", "content": rules}, {"role": "user", "content": data}]
        text = self._said(client, said, schema)
        try:
            return check(text), text
        except ValueError as wrong:
            said += [
                {"role": "assistant", "content": text},
                {"role": "user", "content": f"这个回答不能用：{wrong}。请改正，只回答一个合乎约定的 JSON。"},
            ]
        text = self._said(client, said, schema)
        try:
            return check(text), text
        except ValueError as still:
            raise NoAnswerError(f"改过一次仍不能用：{still}") from still

    def _place(self, rules: str, data: str, schema: Mapping[str, Any]) -> Path | None:
        at = self.endpoint
        if at.kept is None:
            return None
        parts = [at.url, at.model, rules, data, json.dumps(schema, sort_keys=True)]
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        return at.kept / digest[:2] / f"{digest}.json"

    def _said(self, client: OpenAI, messages: list[Message], schema: Mapping[str, Any]) -> str:
        import openai

        asked = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
        try:
            try:
                return self._sent(client, messages, asked)
            except openai.APIStatusError as error:
                if error.status_code not in FORMAT_REFUSED:
                    raise
                return self._sent(client, messages, {"type": "json_object"})
        except openai.APITimeoutError as error:
            raise NoAnswerError(f"{self.endpoint.timeout:g} 秒内没有回答") from error
        except openai.APIStatusError as error:
            kind = KeyRefusedError if error.status_code in KEY_REFUSED else NoAnswerError
            raise kind(f"对方返回 {error.status_code}") from error
        except openai.APIConnectionError as error:
            raise NoAnswerError(f"连不上 {self.endpoint.host}") from error
        except (openai.OpenAIError, ValueError) as error:
            raise NoAnswerError("对方的回答不是约定的格式") from error

    def _sent(self, client: OpenAI, messages: list[Message], response_format: dict[str, Any]) -> str:
        from openai.types.chat import ChatCompletion

        self._requests += 1
        self._tokens.append(None)
        completions: Any = client.chat.completions
        ask = partial(completions.create, model=self.endpoint.model, temperature=0)
        reply = self._in_time(client, partial(ask, messages=messages, response_format=response_format))
        if not isinstance(reply, ChatCompletion):
            raise NoAnswerError("对方的回答不是约定的格式")
        used = reply.usage
        counts = (used.prompt_tokens, used.completion_tokens) if used else (None, None)
        if all(isinstance(count, int) and count >= 0 for count in counts):
            self._tokens[-1] = (int(counts[0] or 0), int(counts[1] or 0))
        if not reply.choices or reply.choices[0].message is None:
            raise NoAnswerError("对方的回答不是约定的格式")
        choice = reply.choices[0]
        if choice.message.refusal or choice.finish_reason == "content_filter":
            raise NoAnswerError("模型拒绝回答")
        if choice.finish_reason == "length":
            raise NoAnswerError(f"回答没有说完就被截断，可把 HUIJIAN_{self.endpoint.part}_WINDOW 调小")
        if not isinstance(choice.message.content, str) or not choice.message.content.strip():
            raise NoAnswerError("模型没有回答")
        return choice.message.content

    def _in_time(self, client: OpenAI, asked: Callable[[], Answer]) -> Answer:
        """What ``asked`` gives within the time one answer may take. The client's own limit runs from one byte
        to the next, and a server that drips them would hold an inspection for ever."""
        answered: Future[Answer] = Future()

        def ask() -> None:
            try:
                answered.set_result(asked())
            except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
                answered.set_exception(error)

        Thread(target=ask, daemon=True).start()
        try:
            return answered.result(self.endpoint.timeout)
        except TimeoutError as error:
            client.close()  # The next byte that drips in ends the thread.
            raise NoAnswerError(f"{self.endpoint.timeout:g} 秒内没有回答") from error

    def _connected(self) -> OpenAI:
        from openai import DefaultHttpxClient, OpenAI

        at = self.endpoint
        # A redirect would carry the transcript, and the key, to a host that nobody named.
        return OpenAI(
            base_url=at.url,
            api_key=at.key or "none",
            timeout=at.timeout,
            max_retries=0,
            http_client=DefaultHttpxClient(follow_redirects=False, timeout=at.timeout, verify=_trust()),
        )


@cache
def _trust() -> SSLContext:
    """The authorities that are trusted, read once: that takes longer than a request."""
    from httpx2 import create_ssl_context

    return create_ssl_context()


def only_json(text: str) -> str:
    """The JSON object of an answer that may stand in a code fence or after a thought."""
    plain = text.rpartition("</think>")[2]
    first, last = plain.find("{"), plain.rfind("}")
    if first < 0 or last < first:
        raise ValueError("回答里没有 JSON")
    return plain[first : last + 1]


def between_marks(text: str) -> str:
    """Data for a model: between marks that the data cannot hold, for they are made of its own hash."""
    mark = f"数据-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return f"<{mark}>\n{text}\n</{mark}>"


def _read(place: Path) -> str | None:
    try:
        return place.read_text("utf-8")
    except (OSError, ValueError):
        return None


def _keep(place: Path, text: str, *, days: float) -> None:
    """Put the answer away for its owner alone, and drop what is too old."""
    oldest = time.time() - days * 86_400
    try:
        for folder in (place.parent.parent, place.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(place, text.encode())
        for old in place.parent.parent.glob("*/*.json"):
            if old.stat().st_mtime < oldest:
                old.unlink(missing_ok=True)
    except (OSError, OutputError):
        return  # An answer that cannot be kept is asked for again; the inspection does not suffer.
