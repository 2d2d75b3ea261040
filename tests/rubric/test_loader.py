"""Loading: extending another rubric, the content hash, and choosing the rubric that applies."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from qa_pipeline.errors import RubricError
from qa_pipeline.rubric import Rubric, load_rubric, rubric_for
from qa_pipeline.values.vocabulary import MeetingKind, Theme
from tests.rubric.meeting import FRAME, rubric
from tests.rubric.test_errors import GOOD

WEEKLY = MeetingKind.WEEKLY_REVIEW


def extending(folder: Path, body: str) -> Path:
    file = folder / "over.yaml"
    file.write_text(body, encoding="utf-8")
    return file


def test_extends_overrides_items_by_id_and_keeps_the_rest(tmp_path: Path) -> None:
    base = load_rubric("weekly_review")
    over = load_rubric(
        extending(
            tmp_path,
            'id: branch\nversion: "2"\nextends: weekly_review\npass_line: 65\nitems:\n'
            "  - {id: C3, label: 数据更具体}\n  - {id: F4, weight: 2}\n  - {id: F5, weight: 4}\n",
        )
    )
    items = {i.id: i for i in over.items}
    assert [i.id for i in over.items] == [i.id for i in base.items]
    assert (over.id, over.pass_line) == ("branch", 65)
    assert (items["C3"].label, items["C3"].weight) == ("数据更具体", 6)
    assert (items["F4"].weight, items["F5"].weight) == (2, 4)
    assert over.sha256 != base.sha256


def test_extends_removes_and_adds_points_by_id(tmp_path: Path) -> None:
    over = load_rubric(
        extending(
            tmp_path,
            'id: branch\nversion: "2"\nextends: weekly_review\nitems:\n  - id: I4\n    points:\n'
            "      - {id: plain, remove: true}\n"
            "      - {id: said, label: 说出口, said: {act: followup}}\n",
        )
    )
    points = next(i for i in over.items if i.id == "I4").points
    assert [p.id for p in points] == ["followed", "dated", "said"]


def test_a_mistake_in_the_extended_file_is_named_there(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(FRAME + GOOD.replace("probe_chains", "probe_chian"), encoding="utf-8")
    file = extending(tmp_path, 'id: branch\nversion: "2"\nextends: base.yaml\n')
    with pytest.raises(RubricError, match=r"base\.yaml:15:13 键「measure」"):
        load_rubric(file)


def test_extending_nothing_and_extending_in_a_circle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match=r"over\.yaml:2:1 键「extends」：找不到「没有\.yaml」"):
        load_rubric(extending(tmp_path, "id: branch\nextends: 没有.yaml\n"))
    with pytest.raises(RubricError, match="量规互相引用成了环"):
        load_rubric(extending(tmp_path, "id: branch\nextends: over.yaml\n"))


def test_the_hash_is_of_the_content_not_of_layout_or_comments(tmp_path: Path) -> None:
    first = rubric(tmp_path, GOOD)
    second = rubric(
        tmp_path, "# 说明\n" + GOOD.replace("[5, 1]", "[5.0,   1]").replace("why: 试", "why: '试'")
    )
    third = rubric(tmp_path, GOOD.replace("[5, 1]", "[6, 1]"))
    assert len(first.sha256) == 64
    assert first.sha256 != third.sha256
    assert second.sha256 != third.sha256


def test_the_shipped_rubric_of_each_kind_is_chosen() -> None:
    assert rubric_for(WEEKLY, Theme.SUPERVISOR_LEAD).id == "weekly_review"
    assert rubric_for(MeetingKind.MONTHLY_PLANNING, None).id == "monthly_planning"


def test_the_most_specific_rubric_in_force_is_chosen(tmp_path: Path) -> None:
    def offered(name: str, applies: str) -> Path:
        frame = FRAME.replace("{kinds: [weekly_review]}", applies).replace("id: trial", f"id: {name}")
        file = tmp_path / f"{name}.yaml"
        file.write_text(frame + GOOD, encoding="utf-8")
        return file

    rubrics = [
        load_rubric(offered("general", "{kinds: [weekly_review]}")),
        load_rubric(offered("newer", "{kinds: [weekly_review], from: 2026-06-01}")),
        load_rubric(offered("older", "{kinds: [weekly_review], until: 2025-12-31, from: 2025-01-01}")),
        load_rubric(offered("coaching", "{kinds: [weekly_review], themes: [supervisor_coaching]}")),
        load_rubric(offered("north", "{kinds: [weekly_review], institutions: [秦州营服]}")),
    ]

    def chosen(theme: Theme | None, **more: object) -> str:
        return rubric_for(WEEKLY, theme, rubrics=rubrics, **more).id  # type: ignore[arg-type]

    assert chosen(Theme.SUPERVISOR_LEAD, on=date(2026, 5, 31)) == "general"
    assert chosen(Theme.SUPERVISOR_LEAD, on=date(2026, 6, 1)) == "newer"
    assert chosen(Theme.SUPERVISOR_LEAD, on=date(2025, 6, 1)) == "older"
    assert chosen(Theme.SUPERVISOR_COACHING, on=date(2026, 6, 1)) == "coaching"
    assert chosen(Theme.SUPERVISOR_COACHING, institution="秦州营服") == "north"


def test_of_two_versions_in_force_the_later_is_chosen_by_number_not_by_letter(tmp_path: Path) -> None:
    def offered(version: str) -> Rubric:
        return rubric(tmp_path, GOOD, frame=FRAME.replace('"1"', f'"{version}"'))

    for older, newer in (("1.9", "1.10"), ("1", "1.0.1"), ("2026-9", "2026-10"), ("v9", "v10"), ("v1", "1")):
        both = [offered(newer), offered(older)]
        assert rubric_for(WEEKLY, None, rubrics=both).version == newer, older


def test_no_rubric_for_an_unknown_kind() -> None:
    with pytest.raises(RubricError, match="没有适用于会议类型「未知」"):
        rubric_for(None, None)
