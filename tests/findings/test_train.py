"""Where the classifier of acts draws its lines."""

from __future__ import annotations

import numpy as np
import pytest

from qa_pipeline.findings.acts import ACTS
from qa_pipeline.findings.train import CLAIMED, cut

LOGITS = np.array([3.0, -1.0, 2.0, 0.5, -2.0, 1.0])
LABELS = np.array([1, 0, 1, 0, 0, 0], dtype=np.float32)


@pytest.mark.parametrize(("times", "claimed"), [(0.5, 1), (1.0, 2), (1.5, 3), (2.0, 4), (9.0, 6), (0.1, 1)])
def test_an_act_is_claimed_as_often_as_the_rubrics_expect(times: float, claimed: int) -> None:
    """Their lines were drawn on such counts: a model that claims more would score all meetings higher."""
    assert (cut(LOGITS, LABELS, times) <= LOGITS).sum() == claimed


def test_what_nobody_labelled_is_hardly_ever_claimed() -> None:
    assert (cut(LOGITS, LABELS * 0, 1.0) <= LOGITS).sum() == 1


def test_every_act_has_its_measure() -> None:
    assert set(CLAIMED) == set(ACTS)
