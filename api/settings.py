"""Every setting of the service, read once from the environment; nothing else reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.validation import wrong
from qa_pipeline.endpoint import PARTS, SETTINGS
from qa_pipeline.errors import InputError
from qa_pipeline.source import nearest

PREFIX: Final = "HUIJIAN_"
ELSEWHERE: Final = (
    "KEY", "LISTEN", "MODELS", "PRACTICES", "READER", "READER_TRUSTED",
    *(f"{part}_{name}" for part in PARTS for name in SETTINGS),
)  # fmt: skip
"""What is set by a name of ours and read elsewhere: by the inspection, by clients, by deploy/compose.yaml."""


class Settings(BaseModel):
    """Settings by field; the environment names them ``HUIJIAN_`` + the field in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_folder: Path = Field(default_factory=lambda: user_data_path("huijian"))
    """Where SQLite, recordings and results lie unless the settings below say otherwise."""
    database_url: str = ""
    """``postgresql://…`` for several machines; by default SQLite in the data folder."""
    store_url: str = ""
    """Where recordings and artefacts lie: a folder or ``s3://bucket/prefix``; default: the data folder."""
    archive_root: str = ""
    """The folder or ``s3://bucket/prefix`` that batches may fetch recordings from; without it from none."""
    public_url: str = Field("http://127.0.0.1:8000", pattern=r"^https?://[^/\s]+")
    """How people reach the service, by default where it listens; https: cookies are sent over https only."""
    model: str | None = None
    """Speech model: a size, a name or a folder; the best installed by default."""
    session_hours: float = Field(12, gt=0)
    """After so long a person signs in again."""
    upload_limit: int = Field(2 * 1024**3, ge=1)
    """Largest recording part, bytes."""
    retention_days: int = Field(0, ge=0)
    """Recordings are deleted after so many days, scores stay; 0: kept."""
    requests_per_minute: int = Field(3000, ge=1)
    """What one caller may ask; short bursts up to as many at once."""
    metrics_token: str = ""
    """What Prometheus sends as bearer token; by default only this machine itself may read the metrics."""
    oidc_issuer: str = ""
    """Identity provider of the company; with it and the two below people may sign in there."""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_login_claim: str = "email"
    """Claim that names the login of an account not bound yet; ``email`` counts only when verified."""

    webhooks_to_private_addresses: bool = False
    """Whether notices may go to addresses of the own network, and over plain http."""
    smtp_host: str = ""
    """Mail server for notices by e-mail; without it none are sent."""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_from: str = ""
    """Sender; by default the user."""
    smtp_starttls: bool = True
    """Off only for a relay on this machine: without it the password goes over the wire as it is."""

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_folder / 'huijian.db'}"

    @property
    def store(self) -> str:
        return self.store_url or str(self.data_folder / "store")

    @property
    def secure(self) -> bool:
        return self.public_url.startswith("https://")


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment gives; raises InputError naming what is wrong."""
    given = {
        name: environment[PREFIX + name.upper()]
        for name in Settings.model_fields
        if environment.get(PREFIX + name.upper(), "") != ""
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        told = "；".join(f"{PREFIX}{str(e['loc'][0]).upper()} {wrong(e)}" for e in error.errors())
        raise InputError(f"环境变量 {told}。") from error


def misspelt(environment: Mapping[str, str] = os.environ) -> list[str]:
    """A sentence about each variable of our prefix that sets nothing: the default would hold unseen."""
    known = [PREFIX + name for name in (*map(str.upper, Settings.model_fields), *ELSEWHERE)]
    return [
        f"环境变量 {name} 不是会鉴的设置，没有起作用：{nearest(name, known)}。"
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known
    ]
