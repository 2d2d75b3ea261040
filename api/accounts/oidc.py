"""Signing in at the company's identity provider: OpenID Connect, authorization code with PKCE.

The provider's token is believed only when its signature, issuer, audience, time and nonce hold. Accounts are
never created here: a person is found by the subject bound to the account, or once, to bind it, by a claim
that the provider vouches for.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from api.operations.logs import REQUESTS
from api.problems import Forbidden, Unavailable
from api.settings import Settings
from qa_pipeline.errors import InputError

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Of signatures with a private key only the provider has: never none, never a shared secret."""
LEEWAY: Final = 60
"""Seconds that the two clocks may differ."""
PATIENCE: Final = 10
"""Seconds to wait for the provider."""
SCOPE: Final = "openid email profile"
CALLBACK: Final = "/api/v1/session/oidc/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the provider says it is."""

    subject: str
    login: str | None
    """Of the claim that the settings name; None when it is missing or not vouched for."""


class Provider:
    """One identity provider; what it says of itself is fetched once, its keys again when it changes them."""

    def __init__(self, settings: Settings) -> None:
        address = urlsplit(settings.oidc_issuer)
        if address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise InputError("HUIJIAN_OIDC_ISSUER 须是 https 地址：身份提供方的回答不能在途中被改。")
        if not (settings.oidc_client_id and settings.oidc_client_secret):
            raise InputError("请同时给出 HUIJIAN_OIDC_CLIENT_ID 和 HUIJIAN_OIDC_CLIENT_SECRET。")
        from httpx2 import create_ssl_context

        self._settings = settings
        self._metadata: Mapping[str, Any] | None = None
        self._keys: Mapping[str, Any] | None = None
        self._lock = Lock()
        self._trusted = create_ssl_context()

    def address(self, *, state: str, nonce: str, code_verifier: str) -> str:
        """Where to send the person."""
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._discovered()["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=code_verifier,
            )
        return str(url)

    def identity(self, *, code: str, nonce: str, code_verifier: str) -> Identity:
        """Raises Forbidden for a code or token that does not hold, Unavailable without an answer."""
        from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]

        try:
            with self._client() as client:
                token = client.fetch_token(
                    self._discovered()["token_endpoint"], code=code, code_verifier=code_verifier
                )
        except OAuthError as error:
            raise self._distrusted(error) from error
        except Exception as error:
            raise self._silent(error) from error
        claims = self._claims(token, nonce)
        name = self._settings.oidc_login_claim
        login = claims.get(name)
        vouched = name != "email" or claims.get("email_verified") is True
        return Identity(subject=claims["sub"], login=login if isinstance(login, str) and vouched else None)

    def _claims(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        given = str(token.get("id_token", ""))
        try:
            try:
                decoded = jwt.decode(given, KeySet.import_key_set(self._key_set()), registry=registry)
            except InvalidKeyIdError:  # the provider has changed its keys
                decoded = jwt.decode(
                    given, KeySet.import_key_set(self._key_set(again=True)), registry=registry
                )
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self._settings.oidc_issuer},
                    "aud": {"essential": True, "value": self._settings.oidc_client_id},
                    "sub": {"essential": True},
                    "exp": {"essential": True},
                },
                {
                    "nonce": nonce,
                    "client_id": self._settings.oidc_client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=LEEWAY)
        except (JoseError, ValueError) as error:
            raise self._distrusted(error) from error
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise Forbidden("身份提供方没有说明登录者是谁。")
        return dict(claims)

    def _discovered(self) -> Mapping[str, Any]:
        with self._lock:
            if self._metadata is None:
                issuer = self._settings.oidc_issuer
                found = self._fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != issuer:
                    raise Unavailable("身份提供方自称的 issuer 与 HUIJIAN_OIDC_ISSUER 不一致：请联系管理员。")
                self._metadata = found
            return self._metadata

    def _key_set(self, *, again: bool = False) -> Any:
        address = self._discovered()["jwks_uri"]
        with self._lock:
            if self._keys is None or again:
                self._keys = self._fetch(address)
            return self._keys

    def _fetch(self, address: str) -> Mapping[str, Any]:
        try:
            with self._client() as client:
                answer = client.request("GET", address, withhold_token=True)
                answer.raise_for_status()
                content = answer.json()
        except Exception as error:
            raise self._silent(error) from error
        if not isinstance(content, dict):
            raise Unavailable("身份提供方的回答无法读取：请稍后重试。")
        return content

    def _client(self) -> OAuth2Client:
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            client_id=self._settings.oidc_client_id,
            client_secret=self._settings.oidc_client_secret,
            redirect_uri=f"{self._settings.public_url.rstrip('/')}{CALLBACK}",
            scope=SCOPE,
            code_challenge_method="S256",
            timeout=PATIENCE,
            verify=self._trusted,
        )

    @staticmethod
    def _distrusted(error: Exception) -> Forbidden:
        REQUESTS.warning("identity refused", exc_info=error)
        return Forbidden("身份提供方的登录结果未通过校验：请重新登录；仍不行请联系管理员。")

    @staticmethod
    def _silent(error: Exception) -> Unavailable:
        REQUESTS.warning("identity provider unavailable", exc_info=error)
        return Unavailable("身份提供方暂时没有响应：请稍后重试，或用密码登录。")


def provider_of(settings: Settings) -> Provider | None:
    """The company's identity provider; None when the settings name none."""
    return Provider(settings) if settings.oidc_issuer else None


def new_secret() -> str:
    """For state, nonce and PKCE: 256 random bits that an address can carry."""
    return secrets.token_urlsafe(32)
