"""The language of a screen: of its account; before signing in what the browser last had or asks for."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from fastapi import Request
from nicegui import ui

from api.accounts.tables import Language
from api.console import MOUNT

COOKIE: Final = "huijian_language"
"""Keeps the language for who is not signed in; a browser may send any value."""
_REMEMBER: Final = """<script>document.cookie = '{cookie}={language}; path=/; max-age=31536000; samesite=lax'
  + (location.protocol === 'https:' ? '; secure' : '');</script>"""


def of_stranger(request: Request) -> Language:
    """What the browser last showed or was told to show, else what it asks for."""
    return known(request.cookies.get(COOKIE, "")) or asked_for(request.headers.get("Accept-Language", ""))


def known(code: str) -> Language | None:
    """The language of that code; None for any other."""
    with suppress(ValueError):
        return Language(code)
    return None


def asked_for(accepted: str) -> Language:
    """English where Accept-Language (RFC 9110, 12.5.4) wants it more than Chinese; Chinese when in doubt."""
    wanted = dict.fromkeys(Language, 0.0)
    for each in accepted.lower().split(","):
        tag, _, weight = each.replace(" ", "").partition(";q=")
        language = known(tag.partition("-")[0])
        if language is not None:
            with suppress(ValueError):
                wanted[language] = max(wanted[language], float(weight or 1))
    return Language.ENGLISH if wanted[Language.ENGLISH] > wanted[Language.CHINESE] else Language.CHINESE


def speak(language: Language, *, remember: bool) -> None:
    """Show the page that is being drawn in the language; ``remember`` it in this browser, also signed out."""
    if language is Language.ENGLISH:
        ui.add_head_html(f'<script defer src="{MOUNT}/assets/english.js"></script>')
    if remember:
        ui.add_head_html(_REMEMBER.format(cookie=COOKIE, language=language))
