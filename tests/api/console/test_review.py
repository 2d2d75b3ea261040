"""Reviewers listen, read along, correct, override and decide at the keyboard; managers appeal."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, Route, expect

from api.access import COOKIE, CSRF_HEADER
from api.accounts.tables import Role
from api.meetings.versions import corrected
from models.database import transaction
from models.meetings.repository import MeetingRepository
from qa_pipeline.names import ACTS
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.reader import Disagreement, ReaderChoice, ReaderReport
from qa_pipeline.values.scorecard import Critical, Listen
from qa_pipeline.values.vocabulary import Act
from qa_pipeline.values.written import clock
from tests.api import results
from tests.api.console.conftest import (
    LOGINS,
    PageAs,
    Service,
    assert_legible,
    assert_sound,
    opened,
    pick,
    press,
    serious_findings,
)

APPEALED: Final = "350102-R1"
EDITED: Final = "350103-R2"
TURNED: Final = "350103-R3"
CALIBRATED: Final = "350102-R4"
VETOED: Final = "350103-R5"
LABELLED: Final = "350102-R6"
TAKEN_BACK: Final = "350103-R7"
DRAFTED: Final = "350103-R8"
DOUBTED: Final = "350102-R10"
DRAWN: Final = "350102-R9"
HELD_BACK: Final = """() => {
  const send = window.fetch;
  window.fetch = async (path, ...rest) => {
    if (path.endsWith('/transcript/versions')) await new Promise(go => { window.letGo = go; });
    return send(path, ...rest);
  };
}"""
"""A save is on its way until `letGo` is called. Under load a route has let one pass without telling it."""
SECONDS: Final = 120

Asking = Callable[..., None]


@pytest.fixture(scope="module")
def asking(service: Service) -> Asking:
    """Asks the API as somebody of a role."""

    def ask(role: Role, path: str, body: bytes, kind: str = "application/json") -> None:
        login = LOGINS[role]
        headers = {"Cookie": f"{COOKIE}={login}", CSRF_HEADER: f"csrf-{login}", "Content-Type": kind}
        with urlopen(Request(f"{service.url}/api/v1/{path}", body, headers)) as answer:
            answer.read()

    return ask


@pytest.fixture(scope="module", autouse=True)
def meetings(service: Service, asking: Asking) -> None:
    """Meetings with a result; that whose transcript is edited has two minutes of sound as well."""
    for code, day in ((APPEALED, 15), (EDITED, 15), (TURNED, 22), (CALIBRATED, 22)):
        results.hold(service.engine, code, institution=code[:6], day=day)
        results.inspect(service.engine, code, results.good())
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8000 * SECONDS))
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    body = part + sound.getvalue() + b"\r\n--x--\r\n"
    asking(Role.QA, f"recordings?meeting={EDITED}", body, "multipart/form-data; boundary=x")


def bench(page: Page) -> Page:
    page.wait_for_selector("body[data-bench=ready]")
    return page


def current(page: Page) -> str | None:
    return page.locator(".line[aria-current]").get_attribute("data-line")


def test_an_appeal_is_reviewed_decided_and_answered(page_as: PageAs) -> None:
    manager = page_as(Role.MANAGER, f"/meetings/{APPEALED}", width=390)
    manager.get_by_role("button", name="提出申诉").click()
    manager.get_by_label("申诉理由").fill("优秀分享在后半段。")
    press(manager, "提交申诉")
    expect(manager.get_by_text("等待答复")).to_be_visible()
    expect(manager.get_by_role("button", name="提出申诉")).to_have_count(0)

    qa = page_as(Role.QA, "/reviews?why=appealed")
    expect(qa.get_by_role("row", name=APPEALED)).to_contain_text("被申诉")
    qa.get_by_role("button", name=f"领取并复核 鼓楼支公司 {APPEALED}").click()
    qa.wait_for_url("**/reviews/350102-R1*")
    bench(qa)
    expect(qa.get_by_text("优秀分享在后半段。")).to_be_visible()
    qa.keyboard.press("Enter")
    expect(qa.locator("#confirmed")).to_contain_text("已确认 1 /")
    qa.keyboard.press("1")
    qa.keyboard.press("Enter")
    expect(qa.locator("#said")).to_have_text("改分须写明理由。")
    qa.keyboard.type("没有听到 jn")
    qa.keyboard.press("Enter")
    expect(qa.locator("#confirmed")).to_contain_text("已确认 2 /")
    expect(qa.locator("#energy")).to_contain_text("改 1 项后能量值约")
    qa.keyboard.press("d")
    qa.keyboard.type("复听后改一项")
    qa.keyboard.press("Control+Enter")
    expect(qa.locator("#decision")).to_contain_text("已作出第 2 版")

    opened(qa, f"/reviews/{APPEALED}")
    qa.get_by_role("button", name="答复申诉").click()
    qa.get_by_label("答复", exact=True).fill("已改一项。")
    qa.get_by_role("button", name="申诉成立", exact=True).click()
    expect(qa.get_by_role("button", name="答复申诉")).to_have_count(0)

    opened(manager, f"/meetings/{APPEALED}")
    expect(manager.get_by_text("答复：已改一项。")).to_be_visible()
    expect(manager.get_by_role("note").first).to_contain_text(
        "第 2 版（当前） · qa 复核第 1 版后作出 · 改分 1 项"
    )
    manager.get_by_role("link", name="与第 2 版比较").click()
    expect(manager.get_by_role("table", name="两版的差别").get_by_role("row")).to_have_count(3)
    manager.get_by_role("link", name="查看这一版").click()
    expect(manager.get_by_role("note").first).to_contain_text(
        "第 1 版（旧版，不是当前结论） · 机器质检的结论"
    )

    opened(qa, "/agreement")
    expect(qa.locator(".tile", has_text="已复核")).to_contain_text("1 场")
    expect(qa.get_by_role("row", name="C1 章节要点")).to_contain_text("太少（1/20）")


def test_keys_play_and_move_and_are_not_stolen_while_somebody_types(page_as: PageAs) -> None:
    page = bench(page_as(Role.QA, f"/reviews/{EDITED}"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert current(page) == "1"
    page.keyboard.press("Space")
    page.wait_for_function("hjSound.playing()")
    page.evaluate("hjSeek(60)")
    page.wait_for_function("hjSound.now() > 60")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("hjSound.now() > 65")
    page.wait_for_function(
        "(() => { const line = document.querySelector('.line[aria-current]').dataset;"
        " return line.start <= hjSound.now() && hjSound.now() < 70 && line.line > 1 })()"
    )
    page.keyboard.press("Space")
    page.wait_for_function("!hjSound.playing()")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="快捷键")).to_be_visible()
    assert_legible(page, "#keys")
    before = current(page)
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="快捷键")).to_be_hidden()
    assert current(page) == before


def quick(page: Page) -> None:
    """Keys come faster than the service answers, and two of them before the browser draws again."""
    held: list[Route] = []
    page.route("**/transcript?full=*", lambda route: held.append(route))
    page.keyboard.press("s")
    page.keyboard.type("快手")
    page.evaluate("""
        for (const key of [{key: 'Enter', ctrlKey: true}, {key: 'c'}])
          document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {...key, bubbles: true}));
    """)
    expect(page.get_by_label("从这一句起是")).to_be_focused()
    assert_legible(page, "#editor")
    page.keyboard.press("Escape")
    expect(page.locator("#pending")).to_have_text("未保存 1 处")
    expect(page.locator(".line").first).to_contain_text("快手")
    for route in held:
        route.continue_()
    page.unroute("**/transcript?full=*")


def test_corrections_are_a_new_version_and_a_foreign_one_is_told_in_words(
    page_as: PageAs, asking: Asking
) -> None:
    page, late = (bench(page_as(Role.QA, f"/reviews/{EDITED}")) for _ in range(2))
    page.keyboard.press("e")
    text = page.get_by_label("文字", exact=True)
    expect(text).to_have_value(results.good().transcript.utterances[0].text)  # unmasked: it is to be edited
    text.fill("jkn 各位主管早上好。")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.get_by_role("combobox", name="说话人").fill("王经理")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("c")
    chapter = page.get_by_label("从这一句起是")
    expect(chapter.get_by_role("option")).to_have_text(
        ["（此处不分章）", "开场", "阶段复盘", "优秀分享", "问题研讨", "下周安排", "收尾", "题外"]
    )
    chapter.select_option("off_topic")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#pending")).to_have_text("未保存 3 处")

    quick(late)

    page.keyboard.press("w")
    expect(page.locator("#text-version")).to_have_text("文字稿第 2 版")
    expect(page.locator("#pending")).to_have_text("")

    late.keyboard.press("e")
    expect(late.locator("#said")).to_contain_text("已被他人改成新版")

    opened(page, f"/reviews/{EDITED}")
    bench(page)
    second = page.locator(".line").nth(1)
    expect(page.locator(".line").first).to_contain_text("jkn 各位主管早上好。")
    expect(second).to_contain_text("王经理")
    expect(second).to_have_attribute("data-border", "题外")
    page.get_by_role("button", name="重新评分", exact=True).click()
    expect(page.locator("#said")).to_contain_text("已排队重新评分")


def test_borders_that_people_set_are_withdrawn_on_the_bench(page_as: PageAs, service: Service) -> None:
    results.inspect_in_august(service.engine, DRAWN, 15, results.good())
    page = bench(page_as(Role.QA, f"/reviews/{DRAWN}"))
    withdraw, pending = page.get_by_role("button", name="章节由机器划分"), page.locator("#pending")
    expect(withdraw).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.get_by_label("从这一句起是").select_option("off_topic")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("w")
    expect(page.locator("#text-version")).to_have_text("文字稿第 2 版")

    withdraw.click()
    expect(withdraw).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(pending).to_have_text("")
    withdraw.click()
    expect(page.locator("#said")).to_contain_text("人工设定的章节边界将撤回")
    expect(pending).to_have_text("未保存 1 处")
    page.keyboard.press("w")
    expect(page.locator("#text-version")).to_have_text("文字稿第 3 版")
    opened(page, f"/reviews/{DRAWN}")
    bench(page)
    expect(withdraw).to_be_hidden()
    assert page.locator(".line").nth(1).get_attribute("data-border") != "题外"
    with transaction(service.engine) as session:
        saved = corrected(session, MeetingRepository(session).get(DRAWN).id)
    assert saved is not None
    assert saved.chapters is None


def test_all_that_keys_do_is_done_by_hand_as_well(page_as: PageAs) -> None:
    page = bench(page_as(Role.QA, f"/reviews/{EDITED}", width=390))
    page.get_by_role("button", name="快些").click()
    expect(page.locator("#rate")).to_have_text("1.25 倍速")
    page.get_by_role("button", name="慢些").click()
    expect(page.locator("#rate")).to_have_text("1.0 倍速")
    third = page.locator(".line").nth(2)
    third.locator("p").click()
    assert current(page) == "2"
    for name, title in (("改文字", "改第 3 句的文字"), ("改章节", "第 3 句的章节边界")):
        page.get_by_role("group", name="选中的一句").get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog", name=title)).to_be_visible()
        page.get_by_role("button", name="取消").click()
    page.get_by_role("button", name="改说话人").click()
    page.get_by_role("combobox", name="说话人").fill("林经理")
    page.get_by_role("button", name="记下").click()
    expect(third).to_contain_text("林经理")
    expect(page.locator("#pending")).to_have_text("未保存 1 处")
    assert_sound(page)
    page.get_by_role("button", name="放弃改动").click()


def test_acts_are_put_right_by_key_and_mouse_and_saved_with_the_transcript(
    page_as: PageAs, service: Service
) -> None:
    found = results.good()
    first, second, *others = found.transcript.utterances
    transcript = replace(found.transcript, utterances=(first, replace(second, phantom=True), *others))
    results.inspect_in_august(service.engine, LABELLED, 15, replace(found, transcript=transcript))
    said = len(transcript.utterances) - 1
    page = bench(page_as(Role.QA, f"/reviews/{LABELLED}"))
    acts, pending, line = (
        page.get_by_role("group", name="选中一句的标签"),
        page.locator("#pending"),
        page.locator(".line"),
    )
    told = page.locator("#gone-through")

    def on() -> list[str]:
        return [one.split()[0] for one in acts.locator("[aria-pressed=true]").all_inner_texts()]

    def read(utterance: int) -> list[str]:
        return [ACTS[act] for act in Act if found.findings.readings[utterance].does(act)]

    assert on() == read(0)
    expect(told).to_have_text(f"标签已核对 0 / {said} 句")
    page.keyboard.press("Shift+R")
    assert "认可" in on()
    expect(acts.get_by_role("button", name="认可")).to_have_class(re.compile("changed"))
    expect(line.nth(0).locator("ins")).to_have_attribute("data-label", "认可")
    acts.get_by_role("button", name=on()[0]).click()
    expect(line.nth(0).locator("del")).to_have_count(1)
    expect(pending).to_have_text("未保存 1 处")
    expect(told).to_have_text(f"标签已核对 1 / {said} 句")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#said")).to_contain_text("可能凭空生成")
    page.keyboard.press("j")
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'J', bubbles: true}))")
    assert on() == read(2)  # caps lock is no shift
    page.keyboard.press("a")
    assert current(page) == "3"
    page.keyboard.press("k")
    expect(told).to_have_text(f"标签已核对 2 / {said} 句")
    page.keyboard.press("Shift+A")
    expect(told).to_have_text(f"标签已核对 1 / {said} 句")
    assert serious_findings(page, within=".bench-acts") == []
    assert_legible(page, ".bench-acts")
    page.keyboard.press("w")
    expect(page.locator("#text-version")).to_have_text("文字稿第 2 版")
    expect(pending).to_have_text("")

    opened(page, f"/reviews/{LABELLED}")
    bench(page)
    assert "认可" in on()
    expect(told).to_have_text(f"标签已核对 1 / {said} 句")
    acts.get_by_role("button", name="其余各句都无误").click()
    page.get_by_label(f"其余 {said - 1} 句我都看过，标签照现在所示无误").check()
    page.get_by_role("button", name="记下").click()
    expect(told).to_have_text(f"标签已核对 {said} / {said} 句")
    page.keyboard.press("w")
    expect(page.locator("#text-version")).to_have_text("文字稿第 3 版")
    with transaction(service.engine) as session:
        saved = corrected(session, MeetingRepository(session).get(LABELLED).id)
    assert saved is not None
    assert list(saved.acts) == [at for at, row in enumerate(transcript.utterances) if not row.phantom]
    assert Act.RECOGNIZE in saved.acts[0]
    assert [ACTS[act] for act in saved.acts[2]] == read(2)


def test_points_beyond_the_maximum_and_a_change_without_a_reason_are_told_in_words(page_as: PageAs) -> None:
    page = bench(page_as(Role.QA, f"/reviews/{EDITED}"))
    with page.expect_navigation():
        page.keyboard.press("t")
    bench(page)
    points = page.get_by_label("C1 章节要点 的分数")
    before = points.input_value()
    points.fill("99")
    points.press("Tab")
    expect(page.locator("#said")).to_have_text("99 没有记下：这一项的分数在 0 到 14 之间。")
    expect(points).to_have_value(before)

    points.fill("3.5")
    page.get_by_label("理由", exact=True).fill("复听后改一项")
    page.get_by_role("button", name="提交决定").click()
    expect(page.locator("#said")).to_have_text("项 C1 改了分，请写明理由。")
    expect(page.get_by_label("C1 章节要点 的改分理由")).to_be_focused()
    page.get_by_role("button", name="释放").click()
    page.wait_for_url("**/reviews*")


def test_each_step_is_taken_back_by_key_or_button_until_it_is_saved(
    page_as: PageAs, service: Service
) -> None:
    results.inspect_in_august(service.engine, TAKEN_BACK, 15, results.good())
    page = bench(page_as(Role.QA, f"/reviews/{TAKEN_BACK}"))
    with page.expect_navigation():
        page.keyboard.press("t")
    bench(page)
    undo, pending = page.get_by_role("button", name="退一步"), page.locator("#pending")
    first, second = page.locator(".line").nth(0), page.locator(".line").nth(1)
    words, speaker = first.locator("p").inner_text(), second.locator("span").inner_text()
    border = second.get_attribute("data-border")
    expect(undo).to_be_hidden()

    page.keyboard.press("e")
    page.get_by_label("文字", exact=True).fill("改错了。")
    page.keyboard.press("Control+z")  # within the form: the field's own
    page.get_by_label("文字", exact=True).fill("改错了。")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.get_by_role("combobox", name="说话人").fill("无名")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("c")
    page.get_by_label("从这一句起是").select_option("off_topic")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Shift+R")
    page.keyboard.press("1")
    given = page.locator(".judgements .given").first
    expect(given).to_contain_text("→ 0")
    expect(pending).to_have_text("未保存 4 处")

    page.keyboard.press("Control+z")
    expect(given).not_to_contain_text("→")
    for left in (3, 2, 1):
        undo.click()
        expect(pending).to_have_text(f"未保存 {left} 处")
    expect(second.locator("span")).to_have_text(speaker)
    assert second.get_attribute("data-border") == border
    expect(second.locator("ins")).to_have_count(0)
    expect(first.locator("p")).to_have_text("改错了。")
    page.keyboard.press("Control+z")
    expect(first.locator("p")).to_have_text(words)
    expect(pending).to_have_text("")
    expect(undo).to_be_hidden()
    assert current(page) == "0"

    page.evaluate(HELD_BACK)
    page.keyboard.press("Shift+R")
    page.keyboard.press("w")
    page.wait_for_function("'letGo' in window")
    page.keyboard.press("Control+z")  # what is on its way is not taken back
    expect(page.locator("#said")).to_have_text("没有可退的一步。")
    page.evaluate("letGo()")
    expect(page.locator("#text-version")).to_have_text("文字稿第 2 版")
    expect(pending).to_have_text("")
    expect(undo).to_be_hidden()
    page.get_by_role("button", name="释放").click()
    page.wait_for_url("**/reviews*")


def doubted() -> Inspection:
    """Read by two, who part about so many passages that a person has to decide."""
    found = results.good()
    said = [item.evidence[0] for item in found.scorecard.items if item.evidence][:8]
    gate = Critical(id="reader", label="两种读法不一致", reason="请听", evidence=tuple(said[:2]), review=True)
    passage = Listen(id="I1", start=said[0].start, end=said[0].end, reason="「追问」只有 52% 的把握")
    parted = [
        Disagreement(about="action", id=str(one.utterance), reason="只有本地听到的承诺", evidence=(one,))
        for one in said
    ]
    both = ReaderReport(asked=ReaderChoice.BOTH, used=ReaderChoice.BOTH, disagreements=tuple(parted))
    card = replace(found.scorecard, criticals=(gate,), listen=passage)
    return replace(found, scorecard=card, reader=both)


@pytest.mark.parametrize("screen", ["/meetings/", "/reviews/"])
def test_what_is_to_be_heard_stands_there_with_its_second(
    page_as: PageAs, service: Service, screen: str
) -> None:
    results.inspect_in_august(service.engine, DOUBTED, 8, doubted())
    page = page_as(Role.QA, f"{screen}{DOUBTED}", width=1280)
    first = doubted().scorecard.criticals[0].evidence[0]
    apart = page.get_by_label("两种读法的分歧")
    expect(apart.get_by_text("只有本地听到的承诺").first).to_be_hidden()
    apart.get_by_text("展开 8 处").click()
    for part in (page.locator(".refusal"), page.locator(".listen"), apart):
        expect(part.get_by_role("button", name=f"从 {clock(first.start)} 播放").first).to_be_visible()
    expect(page.locator(".listen")).to_contain_text("先听这一段：「追问」只有 52% 的把握")
    assert_sound(page)


def test_a_draft_outlives_the_tab_and_a_new_score_and_goes_with_the_account(
    page_as: PageAs, service: Service
) -> None:
    results.inspect_in_august(service.engine, DRAFTED, 22, results.good())
    page = bench(page_as(Role.QA, f"/reviews/{DRAFTED}", alone=True))
    with page.expect_navigation():
        page.keyboard.press("t")
    bench(page)
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    page.get_by_label("C2 主题要点 的改分理由").fill("没有听到")
    page.keyboard.press("Enter")
    page.get_by_label("理由", exact=True).fill("写了一半")
    expect(page.locator("#confirmed")).to_contain_text("已确认 2 /")

    tab = page.context.new_page()
    page.close()
    opened(tab, f"/reviews/{DRAFTED}")
    page = bench(tab)
    expect(page.locator("#confirmed")).to_contain_text("已确认 2 /")
    expect(page.get_by_label("理由", exact=True)).to_have_value("写了一半")

    found = results.good()
    c1, *others = found.scorecard.items
    rescored = replace(found.scorecard, items=(replace(c1, score=1.0), *others))
    page.get_by_role("button", name="释放").click()
    page.wait_for_url("**/reviews*")
    results.inspect(service.engine, DRAFTED, replace(found, scorecard=rescored))
    opened(page, f"/reviews/{DRAFTED}")
    with bench(page).expect_navigation():
        page.keyboard.press("t")
    bench(page)
    expect(page.locator("#said")).to_have_text(
        "已带回您在第 1 版上的确认和改分。其中 1 项机器分有变，须重新确认。"
    )
    expect(page.locator("#confirmed")).to_contain_text("已确认 1 /")
    expect(page.get_by_label("C2 主题要点 的改分理由")).to_have_value("没有听到")
    expect(page.get_by_label("理由", exact=True)).to_have_value("写了一半")

    page.get_by_role("button", name="释放").click()
    page.wait_for_url("**/reviews*")
    assert kept(page) == [f"draft qa bench {DRAFTED}"]
    page.evaluate("localStorage.setItem('draft qa2 bench X', '{}')")
    page.route("**/api/v1/session", lambda route: route.fulfill(status=204))  # others here go on as qa
    page.get_by_role("button", name=re.compile("^账号")).click()
    with page.expect_navigation():
        page.get_by_text("退出登录").click()
    assert kept(page) == ["draft qa2 bench X"]


def kept(page: Page) -> list[str]:
    found: list[str] = page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft '))")
    return found


def test_an_item_has_the_same_points_on_the_bench_as_on_its_meeting(page_as: PageAs) -> None:
    told = page_as(Role.QA, f"/meetings/{EDITED}").locator("summary .figures").all_inner_texts()
    page = bench(page_as(Role.QA, f"/reviews/{EDITED}"))
    figures = page.locator(".judgements .figures")
    assert figures.all_inner_texts() == told
    with page.expect_navigation():
        page.keyboard.press("t")
    bench(page)
    assert figures.all_inner_texts() == told
    page.get_by_role("button", name="释放").click()
    page.wait_for_url("**/reviews*")


def test_attendance_that_is_filled_in_afterwards_is_judged_by_whoever_asks_for_it(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, f"/meetings/{EDITED}")
    page.get_by_role("button", name="登记签到").click()
    pick(page, "人T1 T1", "缺席")
    press(page, "保存")
    page.get_by_role("button", name="按签到重新判定").click()
    expect(page.get_by_text("已排队重新判定")).to_be_visible()


def test_turning_a_verdict_needs_a_second_person(page_as: PageAs) -> None:
    first = bench(page_as(Role.QA, f"/reviews/{TURNED}"))
    for words in ("按时", "到人"):
        expect(first.locator(".beside").get_by_text(words, exact=True)).to_be_visible()
    expect(first.locator("#decision")).to_have_count(0)
    with first.expect_navigation():
        first.keyboard.press("t")
    bench(first)

    watching = bench(page_as(Role.ADMINISTRATOR, f"/reviews/{TURNED}"))
    expect(watching.get_by_text("qa 正在复核，您只能查看。")).to_be_visible()
    expect(watching.get_by_role("button", name="改文字")).to_have_count(0)
    watching.keyboard.press("e")
    expect(watching.get_by_role("dialog")).to_have_count(0)

    first.get_by_label("不合格", exact=True).check()
    first.get_by_role("button", name="提交决定").click()
    expect(first.locator("#refused")).to_have_text("请写明理由。")
    first.get_by_label("理由", exact=True).fill("研讨。")
    first.get_by_role("button", name="提交决定").click()
    # Nothing on the screen explains this verdict: the bench says so once, and does not forbid it.
    expect(first.locator("#refused")).to_contain_text("达到合格线 60，结论却是不合格")
    expect(first.get_by_label("理由", exact=True)).to_be_focused()
    first.get_by_label("理由", exact=True).fill("研讨是念稿。")
    first.get_by_role("button", name="提交决定").click()
    expect(first.locator("#decision")).to_contain_text("等第二人意见")

    second = bench(page_as(Role.ADMINISTRATOR, f"/reviews/{TURNED}"))
    expect(second.get_by_text("qa 决定：不合格。理由：研讨是念稿。")).to_be_visible()
    second.get_by_role("button", name="同意", exact=True).click()
    expect(second.get_by_text("qa 已复核并作出第 2 版")).to_be_visible()


def test_a_veto_that_reviewers_did_not_follow_is_told_as_such(page_as: PageAs, service: Service) -> None:
    good, vetoes = results.good(), results.poor().scorecard.criticals
    vetoed = replace(good, scorecard=replace(good.scorecard, criticals=vetoes))
    results.inspect_in_august(service.engine, VETOED, 8, vetoed)
    first = bench(page_as(Role.QA, f"/reviews/{VETOED}"))
    expect(first.locator(".refusal")).to_contain_text("缺必备章节")
    with first.expect_navigation():
        first.keyboard.press("t")
    bench(first).get_by_label("合格", exact=True).check()
    first.get_by_label("理由", exact=True).fill("听得出问题研讨。")
    first.get_by_role("button", name="提交决定").click()
    expect(first.locator("#decision")).to_contain_text("决定生效")
    expect(first.get_by_text("复核没有采纳")).to_have_count(0)
    bench(page_as(Role.QA, f"/reviews/{VETOED}")).get_by_text("复核没有采纳").wait_for()
    opened(first, f"/meetings/{VETOED}")
    expect(first.locator(".refusal")).to_contain_text("复核没有采纳")
    assert serious_findings(first, within=".refusal") == []


def test_nothing_shows_through_between_the_header_and_the_player(page_as: PageAs) -> None:
    page = page_as(Role.QA, f"/meetings/{EDITED}", width=390)
    player = page.locator(".player")
    player.wait_for()
    page.evaluate("scrollTo(0, 900)")
    there = "[42, 48, 60, 90].map(y => !!document.elementFromPoint(15, y).closest('.bar, .player'))"
    page.wait_for_function("scrollY > 800")
    assert page.evaluate(there) == [True] * 4
    assert player.evaluate("one => getComputedStyle(one).backgroundColor").startswith("rgb(")


def test_no_day_of_the_queue_is_broken_at_its_hyphens(page_as: PageAs) -> None:
    page = page_as(Role.QA, "/reviews", width=905)
    page.locator(".reasons").first.evaluate("one => { one.innerHTML = one.innerHTML.repeat(6); }")
    days = page.get_by_role("table", name="待复核的会议").locator("tbody td:nth-child(2) > span")
    lines = "all => all.map(one => { const day = document.createRange();"
    lines += " day.selectNodeContents(one.querySelector('.whole') ?? one.firstChild);"
    lines += " return day.getClientRects().length; })"
    assert set(days.evaluate_all(lines)) == {1}


def test_the_screens_of_reviewers_are_sound(page_as: PageAs) -> None:
    page = page_as(Role.QA, "/reviews")
    for path in ("/reviews", f"/reviews/{EDITED}", "/agreement", f"/meetings/{APPEALED}?version=1&compare=1"):
        opened(page, path)
        expect(page.locator(".section").first).to_be_visible()
        assert_sound(page)


def test_a_calibration_set_is_scored_blind_and_published(page_as: PageAs, asking: Asking) -> None:
    first = bench(page_as(Role.ADMINISTRATOR, f"/reviews/{CALIBRATED}"))
    with first.expect_navigation():
        first.keyboard.press("t")
    bench(first)
    first.get_by_label("理由", exact=True).fill("复听后确认")
    first.get_by_role("button", name="提交决定").click()
    expect(first.locator("#decision")).to_contain_text("已作出第 2 版")
    opened(first, "/calibration")
    first.get_by_label("名称").fill("九月校准")
    first.get_by_role("checkbox", name="admin 复核").click()
    first.get_by_role("button", name="发起", exact=True).click()
    expect(first.get_by_text("结论由您作出，不评")).to_be_visible()

    qa = page_as(Role.QA, "/reviews")
    qa.get_by_role("link", name="校准：1 场等您盲评").click()
    qa.get_by_role("link", name="九月校准").click()
    qa.get_by_role("link", name="去盲评").click()
    qa.wait_for_selector("body[data-calibration=ready]")
    for whole in qa.locator(".levels [data-level='1.0']").all():
        whole.click()
    qa.get_by_label("C1 章节要点 的分数").fill("3.5")
    qa.reload()
    qa.wait_for_selector("body[data-calibration=ready]")
    expect(qa.locator("#scored")).to_have_text("已评 15 / 15 项")  # the draft outlives the page
    code = qa.url.split("/")[-2]
    assert kept(qa) == [f"draft qa calibration {code} {CALIBRATED}"]  # and goes with the account, as any
    assert_sound(qa)
    qa.get_by_role("button", name="交盲评").click()
    expect(qa.locator("#refused")).to_have_text("请选择合格或不合格。")
    qa.get_by_label("不合格", exact=True).check()
    qa.get_by_role("button", name="交盲评").click()
    qa.wait_for_url("**/calibration/K*")
    expect(qa.get_by_text("已交", exact=True).first).to_be_visible()
    expect(qa.get_by_role("button", name="结束并公布结果")).to_have_count(0)

    first.reload()
    first.get_by_role("button", name="结束并公布结果").click()
    press(first, "结束并公布")
    result = first.get_by_role("table", name="每位质检人员与复核结论").get_by_role("row", name="qa")
    expect(result).to_contain_text("0.0%")
    expect(first.get_by_role("row", name="C1 章节要点")).to_be_visible()
    assert_sound(first)
    opened(qa, "/agreement")
    with qa.expect_download() as corrections:
        qa.get_by_role("link", name="导出更正（ZIP）").click()
    assert corrections.value.suggested_filename == "corrections.zip"
