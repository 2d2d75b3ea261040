"""Receivers on this machine that speak the protocols of webhooks, robots and mail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Receiver:
    """Answers every POST with ``answers`` in turn (the last one again and again), and keeps what came."""

    answers: list[tuple[int, dict[str, Any]]]
    got: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def receiver(*answers: tuple[int, dict[str, Any]], dingtalk: str | None = None) -> Iterator[Receiver]:
    """An HTTP receiver; with a DingTalk secret it refuses calls whose sign is wrong, as the robot does."""
    kept = Receiver(list(answers) or [(200, {"errcode": 0, "errmsg": "ok"})])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, said = kept.answers.pop(0) if len(kept.answers) > 1 else kept.answers[0]
            if dingtalk is not None and not _signed(self.path, dingtalk):
                status, said = 200, {"errcode": 310000, "errmsg": "sign not match"}
            kept.got.append((self.path, dict(self.headers), body))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    with _running(server):
        yield kept


@contextmanager
def dripping() -> Iterator[str]:
    """Address of a receiver that sends one byte of an endless answer again and again, never late."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            try:
                while not stopped.wait(0.05):
                    self.wfile.write(b".")
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            return

    stopped = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with _running(server):
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook"
        finally:
            stopped.set()


def _signed(path: str, secret: str) -> bool:
    query = parse_qs(urlsplit(path).query)
    stamp = query["timestamp"][0]
    made = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    recent = abs(datetime.now(UTC).timestamp() * 1000 - int(stamp)) < 3_600_000
    return recent and query["sign"][0] == base64.b64encode(made).decode()


@dataclass
class Mailbox:
    port: int
    letters: list[Message] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)


@contextmanager
def mail_server(folder: Path, certificate: Path, *, dripping: str = "") -> Iterator[Mailbox]:
    """Takes mail only after STARTTLS and AUTH PLAIN; writes its certificate for ``localhost`` to a file.

    What it says to the verb ``dripping`` (or as ``greeting``) comes byte by byte for ten seconds, never late.
    """
    key = folder / "key.pem"
    _make_certificate(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    box = Mailbox(port=0)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            secure = allowed = False
            if dripping == "greeting":
                self._drip()
                return
            self._say("220 mail")
            while line := self.rfile.readline():
                word = line.decode().strip()
                verb = word.split(" ")[0].upper()
                if verb == dripping:
                    self._drip()
                    return
                if verb in ("EHLO", "HELO"):
                    self._say("250-mail\r\n250 AUTH PLAIN" if secure else "250-mail\r\n250 STARTTLS")
                elif verb == "STARTTLS":
                    self._say("220 go")
                    try:
                        self.connection = context.wrap_socket(self.connection, server_side=True)
                    except ssl.SSLError:
                        return  # the caller does not trust us
                    self.rfile = self.connection.makefile("rb")
                    self.wfile = self.connection.makefile("wb", 0)
                    secure = True
                elif verb == "AUTH" and secure:
                    box.signed_in.append(base64.b64decode(word.split(" ")[2]).decode())
                    allowed = True
                    self._say("235 ok")
                elif verb == "DATA" and allowed:
                    self._say("354 go")
                    lines = []
                    while (row := self.rfile.readline()) != b".\r\n":
                        lines.append(row)
                    box.letters.append(message_from_bytes(b"".join(lines), policy=default))
                    self._say("250 kept")
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok" if allowed else "530 sign in first")

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def _drip(self) -> None:
            with suppress(OSError):
                for _ in range(200):
                    self.wfile.write(b"2")
                    time.sleep(0.05)

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    box.port = server.server_address[1]
    with _running(server):
        yield box


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _make_certificate(key_file: Path, file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
