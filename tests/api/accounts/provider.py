"""An identity provider with real RSA keys on a real port, which can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import uvicorn
from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "huijian"
SECRET = "s3cret-of-the-client"


def _key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@dataclass
class TestProvider:
    """``claims`` are put over the right ones; what is set to something else is wrong on purpose."""

    __test__ = False

    issuer: str
    claims: dict[str, Any] = field(default_factory=dict)
    subject: str = "subject-1"
    own_issuer: str = ""
    algorithm: str = "RS256"
    signs_with: RSAKey = field(default_factory=lambda: _key("one"))
    publishes: list[RSAKey] = field(default_factory=list)
    key_requests: int = 0
    asked: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.publishes = [self.signs_with]

    def change_keys(self) -> None:
        """A new key signs and is published; the old one is gone."""
        self.signs_with = _key(secrets.token_hex(4))
        self.publishes = [self.signs_with]

    def token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email": "wang.fang@example.cn",
            "email_verified": True,
        } | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm in ("none", "HS256"):
            parts = ({"alg": self.algorithm, "kid": self.signs_with.kid}, claims)
            signed = ".".join(_base64(json.dumps(part)) for part in parts)
            secret = self.signs_with.as_pem(private=False)  # the published key, as if it were a shared secret
            mac = hmac.digest(secret, signed.encode(), "sha256") if self.algorithm == "HS256" else b""
            return f"{signed}.{_base64(mac)}"
        header = {"alg": self.algorithm, "kid": self.signs_with.kid}
        return jwt.encode(header, claims, self.signs_with)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def metadata() -> dict[str, Any]:
            return {
                "issuer": self.own_issuer or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            self.key_requests += 1
            return {"keys": [key.as_dict(private=False) for key in self.publishes]}

        @app.get("/authorize")
        def authorize(request: Request) -> RedirectResponse:
            asked = dict(request.query_params)
            if asked["client_id"] != CLIENT or asked["response_type"] != "code":
                raise HTTPException(400)
            if asked["code_challenge_method"] != "S256" or "openid" not in asked["scope"].split():
                raise HTTPException(400)
            code = secrets.token_urlsafe(16)
            self.asked[code] = asked
            back = urlencode({"code": code, "state": asked["state"]})
            return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=303)

        @app.post("/token")
        def token(
            request: Request,
            code: Annotated[str, Form()],
            code_verifier: Annotated[str, Form()],
            redirect_uri: Annotated[str, Form()],
        ) -> dict[str, Any]:
            asked = self.asked.pop(code, None)
            given = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            if request.headers.get("Authorization") != f"Basic {given}":
                raise HTTPException(401)
            challenge = _base64(hashlib.sha256(code_verifier.encode()).digest())
            if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != redirect_uri:
                raise HTTPException(400, "invalid_grant")
            return {"access_token": "a", "token_type": "Bearer", "id_token": self.token(asked)}

        return app


@contextmanager
def running() -> Iterator[TestProvider]:
    """The provider on a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        provider = TestProvider(issuer=f"http://127.0.0.1:{listener.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(provider.app(), log_config=None, lifespan="off"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield provider
        finally:
            server.should_exit = True
            thread.join()


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def _base64(content: str | bytes) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
