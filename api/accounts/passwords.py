"""Passwords: what is asked of them, and argon2id."""

from __future__ import annotations

import secrets
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from qa_pipeline.errors import InputError

SHORTEST: Final = 10
LONGEST: Final = 128
RULES: Final = (
    f"密码须为 {SHORTEST}–{LONGEST} 个字符，同时含字母和数字，至少有 5 个不同的字符，"
    "不得含登录名，不得与原密码相同"
)
_HASHER: Final = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
"""What OWASP's password storage cheat sheet asks of argon2id: about 40 ms, so that three hundred people who
sign in before noon on two cores are in within seconds."""
_AT_ONCE: Final = BoundedSemaphore(4)
"""Each hash takes a core and 19 MB: a rush of sign-ins waits its turn."""
_NOBODY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$Yij8iHSBZbHRD1VGvCJuSw$ac9gQtc6Nc2n/zjia14H7yXlikDQ3FvBJl5pcD6Zmy0"
)
"""Of a password that nobody has, so that a login that does not exist costs the same work."""
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that look alike: one-time passwords are read out and typed."""


def hash_password(password: str) -> str:
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(kept: str | None, given: str) -> bool:
    """Whether the password is the kept one; the same work when there is none to compare with."""
    try:
        with _AT_ONCE:
            return _HASHER.verify(kept or _NOBODY, given) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def one_time_password() -> str:
    """80 random bits in four groups, to be changed at the first sign-in."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def require_good(password: str, *, login: str, old: str) -> None:
    """Raise InputError, which states the rules, for a password that breaks one."""
    kinds = any(c.isalpha() for c in password) and any(c.isdigit() for c in password)
    length = SHORTEST <= len(password) <= LONGEST
    varied = len(set(password)) >= 5
    told = len(login) >= 4 and login.casefold() in password.casefold()
    if not (length and kinds and varied) or told or password == old:
        raise InputError(f"新密码不符合要求：{RULES}。")
