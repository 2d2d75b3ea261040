"""A model folder's profile is obeyed, and a wrong one is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_pipeline.errors import ModelError
from qa_pipeline.transcript.profile import PROFILE_FILE, Profile, read_profile


def folder_with(path: Path, content: str) -> Path:
    (path / PROFILE_FILE).write_text(content, encoding="utf-8")
    return path


def test_a_folder_without_a_profile_has_the_defaults(tmp_path: Path) -> None:
    assert read_profile(tmp_path) == Profile()


def test_what_is_said_counts_and_the_rest_is_default(tmp_path: Path) -> None:
    said = {"chunk_length": 10, "prompts": False, "vad_parameters": {"threshold": 0.4}}
    profile = read_profile(folder_with(tmp_path, json.dumps(said)))
    assert (profile.chunk_length, profile.prompts, profile.vad_parameters.threshold) == (10, False, 0.4)
    assert profile.beam_size == Profile().beam_size


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('{"chunk_lenght": 10}', "chunk_lenght"),
        ('{"vad_parameters": {"treshold": 0.4}}', "vad_parameters.treshold"),
        ('{"beam_size": 0}', "beam_size"),
        ('{"chunk_length": 31}', "chunk_length"),
        ("{", "profile.json 有误"),
        ("[]", "profile.json 有误"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_key(tmp_path: Path, content: str, named: str) -> None:
    with pytest.raises(ModelError) as refused:
        read_profile(folder_with(tmp_path, content))
    assert named in str(refused.value)
    assert str(tmp_path) in str(refused.value)
