"""Finished steps of long work: kept as they came, made again where there is the least doubt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qa_pipeline.errors import OutputError
from qa_pipeline.steps import Arrays, Kept


class Work:
    """A step that counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> Arrays:
        self.done += 1
        return {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.array([0.1, -1 / 3])}


def kept(folder: Path, key: bytes = b"key") -> Kept:
    return Kept(folder=folder / "training", key=key, unwritten=pytest.fail)


def test_a_finished_step_is_not_done_again_and_comes_as_it_was(tmp_path: Path) -> None:
    work = Work()
    made = kept(tmp_path).step(0, work)
    again = kept(tmp_path).step(0, work)
    assert work.done == kept(tmp_path).finished() == 1
    assert again.keys() == made.keys()
    for name, array in made.items():
        assert (again[name].dtype, again[name].tobytes()) == (array.dtype, array.tobytes())


def test_each_step_is_its_own(tmp_path: Path) -> None:
    work = Work()
    for number in (0, 1, 0, 1):
        kept(tmp_path).step(number, work)
    assert work.done == kept(tmp_path).finished() == 2


def test_a_step_is_not_taken_for_another(tmp_path: Path) -> None:
    work = Work()
    kept(tmp_path).step(0, work)
    (tmp_path / "training" / "0.step").rename(tmp_path / "training" / "1.step")
    kept(tmp_path).step(1, work)
    assert work.done == 2


def test_a_step_made_under_another_key_is_made_again(tmp_path: Path) -> None:
    work = Work()
    kept(tmp_path).step(0, work)
    other = kept(tmp_path, b"other")
    assert other.finished() == 0
    other.step(0, work)
    assert (work.done, other.finished(), kept(tmp_path).finished()) == (2, 1, 0)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_step_is_made_again(tmp_path: Path, damage: str) -> None:
    work = Work()
    kept(tmp_path).step(0, work)
    file = tmp_path / "training" / "0.step"
    whole = file.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    file.write_bytes({"cut": whole[:-1], "flipped": flipped, "empty": b""}[damage])
    assert kept(tmp_path).finished() == 0
    kept(tmp_path).step(0, work)
    assert (work.done, kept(tmp_path).finished()) == (2, 1)


def test_where_nothing_can_be_written_the_work_is_done_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    told: list[OutputError] = []
    there = Kept(folder=tmp_path / "file" / "training", key=b"key", unwritten=told.append)
    assert there.step(0, Work())["bias"].tolist() == [0.1, -1 / 3]
    assert [str(error).startswith("无法写入") for error in told] == [True]
    there.forget()


def test_nothing_is_left_when_all_is_done(tmp_path: Path) -> None:
    kept(tmp_path).step(0, Work())
    kept(tmp_path).forget()
    assert list(tmp_path.iterdir()) == []
    kept(tmp_path).forget()
