"""The speech models of the machine are listed and checked; no other folder is looked into."""

from __future__ import annotations

from api.accounts.tables import Role
from tests.api.conftest import SignedIn

LIST = "/api/v1/speech-models"


def test_models_are_listed_and_checked_by_administrators(signed_in: SignedIn) -> None:
    administrator = signed_in(Role.ADMINISTRATOR)
    models = administrator.get(LIST).json()["models"]
    demo = models[-1]["name"]
    assert models[-1]["warning"]
    checked = administrator.post(f"{LIST}/check", json={"name": demo}).json()
    assert (checked["name"], checked["sound"]) == (demo, True)
    assert administrator.post(f"{LIST}/check", json={"name": "/etc"}).status_code == 404
    assert signed_in(Role.HEAD_OFFICE).get(LIST).status_code == 403
