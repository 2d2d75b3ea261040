"""Every rule of the rule book has a test named after it (test_r05_…)."""

from __future__ import annotations

import re
from pathlib import Path

RULES = set(range(1, 35))


def test_every_rule_has_a_test_named_after_it() -> None:
    files = Path(__file__).parent.rglob("test_*.py")
    named = {
        int(n) for file in files for n in re.findall(r"^def test_r(\d\d)_", file.read_text("utf-8"), re.M)
    }
    assert named == RULES
