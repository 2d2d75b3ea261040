"""The act classifier: n-grams that survive mishearing, and scores that are the weights' sum over them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from qa_pipeline.findings.acts import ACTS, act_model, model_of, signals
from qa_pipeline.findings.net import Matrix
from qa_pipeline.findings.spelling import grams
from qa_pipeline.values.transcript import Transcript
from tests.findings.dialogue import GOOD, meeting

TEXTS = ("为什么没见？他说了什么，你怎么问的？", "为什么为什么", "FYC差五十三万七。", "𠮷！", "")


def test_grams_drop_punctuation_join_numbers_and_hear_confusable_sounds_alike() -> None:
    assert grams("差 五十三万！") == grams("差53")
    assert {"#", "^差", "差#$", "^'ca", "ca'#'$"} <= set(grams("差五十三万"))
    assert {g for g in grams("增员") if "'" in g} == {g for g in grams("怎原") if "'" in g}


def _written_out(texts: tuple[str, ...]) -> Matrix:
    """Tf-idf of unit length times the weights, word by word."""
    model = act_model()
    rows = {word: row for row, word in enumerate(model.vocabulary)}
    logits = np.zeros((len(texts), len(ACTS)), dtype=np.float32)
    for index, text in enumerate(texts):
        known = {rows[gram]: times for gram, times in Counter(grams(text)).items() if gram in rows}
        mass = {row: times * model.idf[row] for row, times in known.items()}
        length = sum(value**2 for value in mass.values()) ** 0.5
        for row, value in mass.items():
            logits[index] += model.gram_weights[row] * value / length
    return logits


def test_the_reader_of_words_adds_up_the_weights_of_each_text_s_own_grams() -> None:
    silent = np.zeros((len(TEXTS), len(act_model().signal_weights)), dtype=np.float32)
    found = act_model().by_words(TEXTS, silent)
    assert np.abs(found).max() > 0.1
    assert found == pytest.approx(_written_out(TEXTS), abs=1e-5)


def test_words_are_read_alike_alone_and_in_a_meeting() -> None:
    model = act_model()
    silent = np.zeros((len(TEXTS), len(model.signal_weights)), dtype=np.float32)
    together = model.by_words(TEXTS, silent)
    alone = np.vstack([model.by_words([text], silent[:1]) for text in TEXTS])
    assert (together == alone).all()


def test_both_first_readers_are_weighed_and_a_file_holds_them_all() -> None:
    model = act_model()
    silent = np.zeros((len(TEXTS), len(model.signal_weights)), dtype=np.float32)
    both = np.hstack([model.by_words(TEXTS, silent), model.net.logits(TEXTS, silent)])
    assert (model.first_pass(TEXTS, silent) == both).all()
    again = model_of(model.arrays())
    assert (again.probabilities(TEXTS, silent) == model.probabilities(TEXTS, silent)).all()
    assert again.version == model.version


def test_signals_of_form_and_place_keep_within_one_and_need_no_speakers() -> None:
    transcript, chapters = meeting(GOOD, speakers=False)
    nothing = [()] * len(transcript.utterances)
    seen = signals(transcript, chapters, None, nothing)
    assert seen.shape == (len(transcript.utterances), len(act_model().signal_weights))
    assert np.abs(seen).max() <= 1.0
    named, _ = meeting(GOOD)
    host = named.utterances[0].speaker
    assert (signals(named, chapters, host, nothing) != seen).any()
    assert signals(Transcript(utterances=(), duration=0.0, engine="test"), None, None, []).size == 0
