"""How each channel is spoken to. One attempt each; whatever goes wrong is a `DeliveryError`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, Final
from urllib.parse import quote_plus

import httpx

from api.settings import Settings
from api.webhooks.addresses import checked
from api.webhooks.tables import Channel
from qa_pipeline.errors import HuijianError, InputError

SECONDS: Final = 10.0
"""For each step: to connect, to wait for the next byte."""
WHOLE_SECONDS: Final = 30.0
"""For all steps together: a receiver that answers byte by byte keeps nobody waiting longer."""
ANSWER_READ: Final = 4096
"""Bytes of an answer that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, with where it goes."""

    code: str
    event: str
    channel: Channel
    target: str
    secret: str | None
    body: Mapping[str, Any]
    sentence: str


class DeliveryError(HuijianError):
    """The attempt failed; ``status`` of the answer when there was one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def send(message: Message, settings: Settings) -> int | None:
    """HTTP status of the answer (None for e-mail); raises DeliveryError."""
    if message.channel == Channel.EMAIL:
        _mail(message, settings)
        return None
    if message.channel == Channel.WEBHOOK:
        body = json.dumps(message.body, ensure_ascii=False, separators=(",", ":")).encode()
        now = str(int(time.time()))
        headers = {
            "X-Huijian-Event": message.event,
            "X-Huijian-Delivery": message.code,
            "X-Huijian-Timestamp": now,
            "X-Huijian-Signature": signature(message.secret or "", timestamp=now, body=body),
        }
        return _post(message.target, body, headers, settings)[0]
    text = {"msgtype": "text", "text": {"content": f"【会鉴】{message.sentence}"}}
    target = message.target
    if message.channel == Channel.DINGTALK and message.secret:
        target = _with_sign(target, message.secret, int(time.time() * 1000))
    status, answer = _post(target, json.dumps(text, ensure_ascii=False).encode(), {}, settings)
    _require_taken(answer, status)
    return status


def signature(secret: str, *, timestamp: str, body: bytes) -> str:
    """What ``X-Huijian-Signature`` holds."""
    made = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={made.hexdigest()}"


def _with_sign(target: str, secret: str, milliseconds: int) -> str:
    """DingTalk's 加签: HMAC-SHA256 over time and secret, keyed with the secret, in the query."""
    made = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    sign = quote_plus(base64.b64encode(made))
    return f"{target}{'&' if '?' in target else '?'}timestamp={milliseconds}&sign={sign}"


def _require_taken(answer: bytes, status: int) -> None:
    """Robots answer 200 to everything and say in ``errcode`` what came of it."""
    try:
        said = json.loads(answer)
        code, words = said["errcode"], str(said.get("errmsg", ""))
    except (ValueError, TypeError, KeyError) as error:
        raise DeliveryError("机器人的回答无法识别：请核对机器人地址。", status=status) from error
    if code != 0:
        raise DeliveryError(f"机器人拒收（{code}：{words[:200]}）：请核对地址、密钥和限频。", status=status)


def _post(target: str, body: bytes, headers: Mapping[str, str], settings: Settings) -> tuple[int, bytes]:
    try:
        receiver = checked(target, private=settings.webhooks_to_private_addresses)
    except InputError as error:
        raise DeliveryError(str(error)) from error
    host = f"[{receiver.address}]" if ":" in receiver.address else receiver.address
    url = receiver.url._replace(netloc=f"{host}:{receiver.port}", fragment="").geturl()
    sent = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "huijian",
        "Host": receiver.url.netloc,
        **headers,
    }

    async def ask() -> tuple[httpx.Response, bytes]:
        async with (
            asyncio.timeout(WHOLE_SECONDS),
            httpx.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST", url, content=body, headers=sent, extensions={"sni_hostname": receiver.host}
            ) as answer,
        ):
            read = b""
            async for block in answer.aiter_bytes(ANSWER_READ):
                read += block
                if len(read) >= ANSWER_READ:
                    break
            return answer, read

    try:
        answer, read = asyncio.run(ask())
    except (httpx.HTTPError, TimeoutError) as error:
        raise DeliveryError(f"连接 {receiver.host} 失败（{type(error).__name__}）。") from error
    if not answer.is_success:
        raise DeliveryError(f"{receiver.host} 回答 {answer.status_code}。", status=answer.status_code)
    return answer.status_code, read


class _MailServer(smtplib.SMTP):
    """Hung up on after WHOLE_SECONDS, whatever is being said: smtplib only limits the wait for each byte."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = socket.create_connection((host, port), timeout)
        self._line = made.dup()  # STARTTLS takes the connection away from ``made``
        self._end = threading.Timer(WHOLE_SECONDS, self._hang_up)
        self._end.daemon = True
        self._end.start()
        return made

    def _hang_up(self) -> None:
        with suppress(OSError):  # the server was first
            self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()
        self._end.cancel()
        self._end.join()
        self._line.close()


def _mail(message: Message, settings: Settings) -> None:
    if not settings.smtp_host:
        raise DeliveryError("没有设置邮件服务器：请管理员设置 HUIJIAN_SMTP_HOST 等。")
    letter = EmailMessage()
    letter["Subject"] = f"【会鉴】{message.sentence[:60]}"
    letter["From"] = settings.smtp_from or settings.smtp_user
    letter["To"] = message.target
    letter["Date"] = formatdate(localtime=False)
    letter["Message-ID"] = make_msgid(idstring=message.code, domain="huijian.invalid")
    letter.set_content(f"{message.sentence}\n\n{settings.public_url}\n")
    began = time.monotonic()
    try:
        with _MailServer(settings.smtp_host, settings.smtp_port, timeout=SECONDS) as server:
            if settings.smtp_starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            server.send_message(letter)
    except (smtplib.SMTPException, OSError) as error:
        if time.monotonic() - began >= WHOLE_SECONDS:
            raise DeliveryError(
                f"邮件服务器 {WHOLE_SECONDS:.0f} 秒内没有收完：请核对设置，检查邮件服务器是否太慢。"
            ) from error
        raise DeliveryError(f"邮件服务器没有收下（{type(error).__name__}）：请核对设置和收件人。") from error
