"""What follows up commitments learns from labelled excerpts; one that breaks their format is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.findings.train_following import excerpts
from qa_pipeline.values.vocabulary import Outcome

EXCERPT = """# excerpt: 01
# before: 2026-06-08
# held: 2026-06-15
promise P1 邱国强: 我八户，十三号之前走完。
promise P2 徐丽: 名单周三给你。
S1 孙经理: 国强，八户走完了？
S2 邱国强: 走了五户。 {P1 not_kept}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "a.txt").write_text(text, "utf-8")
    return folder


def test_an_excerpt_tells_what_became_of_each_promise_and_where(tmp_path: Path) -> None:
    (excerpt,) = excerpts(written(tmp_path, EXCERPT))
    assert [promise.who for promise in excerpt.promises] == ["邱国强", "徐丽"]
    assert excerpt.fates == ((1, Outcome.NOT_KEPT), (None, Outcome.NOT_MENTIONED))


@pytest.mark.parametrize("label", ["P3 kept", "P1 broken", "P1 not_mentioned"])
def test_a_label_of_no_promise_or_of_no_outcome_is_refused_and_not_lost(tmp_path: Path, label: str) -> None:
    folder = written(tmp_path, EXCERPT.replace("P1 not_kept", label))
    with pytest.raises(ValueError, match=rf"a\.txt:7: .*{label}"):
        list(excerpts(folder))
