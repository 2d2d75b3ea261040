"""How well utterance acts are told, author by author: ``python -m tests.evaluation.acts [--models FOLDER]``.

Each author's meetings are read by a model that has seen none of them. ``--models`` keeps these models
in a folder, so that other measurements can read each author's meetings without having learned from them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.findings.acts import ACTS, ActModel, load
from qa_pipeline.findings.train import examples, fit, save
from qa_pipeline.learning.figures import Told, act_probabilities
from qa_pipeline.values.transcript import Transcript
from tests.evaluation.kept import held_out, model_file, note_code
from tests.evaluation.metrics import calibration_error
from tests.evaluation.noise import corrupt, without_punctuation, without_speakers

CONDITIONS: dict[str, Callable[[Transcript], Transcript]] = {
    "clean": lambda t: t,
    "no speakers": without_speakers,
    "no punctuation": without_punctuation,
    "10% noise": lambda t: corrupt(t, 0.1, 1),
    "20% noise": lambda t: corrupt(t, 0.2, 1),
    "all, 10%": lambda t: corrupt(without_punctuation(without_speakers(t)), 0.1, 1),
}


def held_out_models(folder: Path | None = None) -> dict[str, ActModel]:
    """Author -> a model that has not seen that author; read from ``folder`` where it holds them."""
    note_code(folder, "acts")
    models: dict[str, ActModel] = {}
    everything = list(meetings())
    learned = None
    for authors in held_out(m.author for m in everything):
        path = model_file(folder, "acts", authors) if folder else None
        if path is not None and path.exists():
            with path.open("rb") as file:
                model = load(file)
        else:
            if learned is None:
                learned = [e for m in everything if "acts" in m.labels for e in examples(m)]
            model = fit(
                [e for e in learned if e.author not in authors], version=f"without-{'-'.join(authors)}"
            )
            sys.stderr.write(f"trained without {' '.join(authors)}\n")
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                save(model, path)
        models |= dict.fromkeys(authors, model)
    return models


@dataclass(frozen=True, slots=True, kw_only=True)
class ActFigures:
    """Over all meetings together: each act, all of them (``micro``, F1), and the expected calibration error
    of the probability of what was claimed (``calibration``) with its mean and how often it was right."""

    by_act: dict[str, Told]
    micro: float
    calibration: float
    sure: float
    right: float


def measure(
    of: Iterable[LabelledMeeting],
    *,
    models: Mapping[str, ActModel],
    change: Callable[[Transcript], Transcript] = lambda transcript: transcript,
) -> ActFigures:
    """Each author's meetings by the model of that author's key, within the labelled chapters."""
    total = np.zeros((len(ACTS), 3))
    claims: list[tuple[float, float, bool]] = []
    for meeting in of:
        model = models[meeting.author]
        cut = act_probabilities(meeting, change(meeting.transcript), model)
        labelled = np.array([[a in row for a in ACTS] for row in meeting.acts])
        claimed = cut >= 0.5
        total += np.stack([(claimed & labelled).sum(0), claimed.sum(0), labelled.sum(0)], axis=1)
        sure = model.calibrated(cut)
        claims += [
            (p, 1.0, r) for p, r in zip(sure[claimed].tolist(), labelled[claimed].tolist(), strict=True)
        ]
    return ActFigures(
        by_act={
            act.value: Told(right=right, claimed=claimed, there=there)
            for act, (right, claimed, there) in zip(ACTS, total.tolist(), strict=True)
        },
        micro=2 * total[:, 0].sum() / total[:, 1:].sum(),
        calibration=calibration_error(claims),
        sure=sum(p for p, _, _ in claims) / len(claims),
        right=sum(r for _, _, r in claims) / len(claims),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="folder that keeps the held-out models")
    models = held_out_models(parser.parse_args().models)
    sys.stdout.write(f"{'F1 by act':16s}" + "".join(f"{a.value:>10s}" for a in ACTS) + f"{'micro':>8s}\n")
    tagged = [m for m in meetings() if any(m.acts)]
    for name, change in CONDITIONS.items():
        found = measure(tagged, models=models, change=change)
        f1 = [told.f1 or 0.0 for told in found.by_act.values()]
        sys.stdout.write(f"{name:16s}" + "".join(f"{v:10.2f}" for v in f1) + f"{found.micro:8.2f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
