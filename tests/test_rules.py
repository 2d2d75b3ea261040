"""Every rule of the rule book that this product implements has a test named after it (test_r05_…)."""

from __future__ import annotations

import re
from pathlib import Path

IMPLEMENTED = {*range(1, 27), 34}
"""R27-R33 belong to the planning and indicator model."""


def test_every_implemented_rule_has_a_test_named_after_it() -> None:
    files = Path(__file__).parent.rglob("test_*.py")
    named = {
        int(n) for file in files for n in re.findall(r"^def test_r(\d\d)_", file.read_text("utf-8"), re.M)
    }
    assert sorted(IMPLEMENTED - named) == []
    assert sorted(named - set(range(1, 35))) == []
