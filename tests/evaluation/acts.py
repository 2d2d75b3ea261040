"""How well utterance acts are told, author by author: ``python -m tests.evaluation.acts [--models FOLDER]``.

Each author's meetings are read by a model that has seen none of them. ``--models`` keeps the thirteen models
in a folder, so that other measurements can read each author's meetings without having learned from them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.findings.acts import ACTS, ActModel, load, signals
from qa_pipeline.findings.mentions import find_mentions
from qa_pipeline.findings.roles import find_host
from qa_pipeline.findings.train import examples, fit, save
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.values import Transcript
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
    models: dict[str, ActModel] = {}
    everything = list(meetings())
    learned = None
    for author in sorted({m.author for m in everything}):
        path = folder / f"acts-{author}.npz" if folder else None
        if path is not None and path.exists():
            with path.open("rb") as file:
                models[author] = load(file)
            continue
        if learned is None:
            learned = [e for m in everything for e in examples(m)]
        models[author] = fit([e for e in learned if e.author != author], version=f"without-{author}")
        sys.stderr.write(f"trained without {author}\n")
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            save(models[author], path)
    return models


def counts(meeting: LabelledMeeting, heard: Transcript, model: ActModel) -> np.ndarray:
    """(acts, 3): true positives, claimed, labelled."""
    transcript = clean(heard)
    mentions = find_mentions(transcript.utterances, meeting.facts)
    host = find_host(transcript, meeting.facts, mentions)
    seen = signals(transcript, meeting.chapters, host, mentions)
    claimed = model.probabilities([u.text for u in transcript.utterances], seen) >= 0.5
    labelled = np.array([[a in row for a in ACTS] for row in meeting.acts])
    return np.stack([(claimed & labelled).sum(0), claimed.sum(0), labelled.sum(0)], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="folder that keeps the thirteen held-out models")
    models = held_out_models(parser.parse_args().models)
    sys.stdout.write(f"{'F1 by act':16s}" + "".join(f"{a.value:>10s}" for a in ACTS) + f"{'micro':>8s}\n")
    everything = list(meetings())
    for name, change in CONDITIONS.items():
        total = np.zeros((len(ACTS), 3))
        for meeting in everything:
            total += counts(meeting, change(meeting.transcript), models[meeting.author])
        f1 = 2 * total[:, 0] / (total[:, 1] + total[:, 2])
        micro = 2 * total[:, 0].sum() / total[:, 1:].sum()
        sys.stdout.write(f"{name:16s}" + "".join(f"{v:10.2f}" for v in f1) + f"{micro:8.2f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
