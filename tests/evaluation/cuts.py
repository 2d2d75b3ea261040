"""How far the cuts of acts move where less is heard: ``python -m tests.evaluation.cuts --models FOLDER``.

For every act the offset (logits) at which it is found as often as in the same meetings well heard; unknown
speakers, missing marks and misheard characters add up. Prints the table of ``qa_pipeline.findings.hearing``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from qa_pipeline.chapters.corpus import meetings
from qa_pipeline.findings.acts import ACTS
from qa_pipeline.learning.figures import act_probabilities
from qa_pipeline.transcript.cleanup import clean
from tests.evaluation.acts import CONDITIONS, held_out_models

WHAT = {
    "clean": (0, 0, 0.0),
    "no speakers": (1, 0, 0.0),
    "no punctuation": (0, 1, 0.0),
    "10% noise": (0, 0, 0.1),
    "20% noise": (0, 0, 0.2),
    "all, 10%": (1, 1, 0.1),
}
"""Condition -> speakers unknown, marks missing, share of characters misheard."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="folder that keeps the held-out models")
    models = held_out_models(parser.parse_args().models)
    everything = [m for m in meetings() if m.kind != "other"]
    wanted, found = None, []
    for name in WHAT:
        told = np.vstack(
            [
                act_probabilities(m, clean(CONDITIONS[name](m.transcript)), models[m.author])
                for m in everything
            ]
        )
        if wanted is None:
            wanted = (told >= 0.5).sum(0)
        ranked = np.sort(told, axis=0)
        cut = np.array([ranked[-count, act] for act, count in enumerate(wanted)])
        found.append(np.log(cut / (1 - cut)))
    offsets = np.linalg.lstsq(np.array(list(WHAT.values()), dtype=float), np.array(found), rcond=None)[0]
    for act, row in zip(ACTS, offsets.T, strict=True):
        sys.stdout.write(
            f"{act.value:10s} speakers {row[0]:+.2f}  marks {row[1]:+.2f}  misheard {row[2]:+.2f}\n"
        )


if __name__ == "__main__":
    main()
