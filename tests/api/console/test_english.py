"""The console speaks English to whoever chose it: all that it says of its own, not what meetings say."""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, expect

import api.console
from api.accounts.passwords import RULES, hash_password
from api.accounts.tables import Account, Role
from api.console.language import asked_for
from api.minutes.service import SETTLING
from api.validation import PATTERNS, WRONG
from models.activities.entry import MANDATORY, PLATFORM_LABELS
from models.customers.quadrant import STRATEGIES
from models.database import transaction
from models.exchange.entities import SHEETS
from models.meetings.compliance import SLOT_STATES
from models.navigator.conditions import QUADRANT_NAMES
from models.planning.approval import NAMES as PLAN_STATES
from models.planning.basis import METHODS
from qa_pipeline import names
from qa_pipeline.compliance.calendar import REQUIREMENTS
from qa_pipeline.rubric.loader import load_rubric
from tests.api.console.conftest import PASSWORD, PageAs, Service, assert_sound, opened

ROOT = Path(api.console.__file__).parent
KNOWN = json.loads((ROOT / "assets" / "english.json").read_text())
CHINESE = re.compile(r"[\u4e00-\u9fff]")
HOLE = re.compile(r"\$?\{[^{}]*\}")
TAG = re.compile(r"<[^<>]*>")
NAMED = re.compile(r'(?:aria-label|title|placeholder|hint)="([^"]*)"')
QUOTED = re.compile(r"'((?:[^'\n\\]|\\.)*)'|`([^`]*)`")
COMMENT = re.compile(r"(?:^|\s)//.*$", re.MULTILINE)
CONTENT = {
    "中文": "the other language bears its own name",
    "{} 月基准方案": "proposed name of a plan, which others read too",
    "{} 月对比方案": "proposed name of a plan",
    "{} 新版": "proposed name of a rubric",
    "{}{} {}纪要": "minutes to send on, in the language of the meeting",
    "定了什么：": "minutes to send on",
    "行动项：": "minutes to send on",
    "现场录音-{}.{}": "name of a file",
    "复核台修改": "note kept with a version of the transcript",
}
"""What stays as it is written, and why."""
WORDS = (
    names.KINDS, names.THEMES, names.CHAPTERS, names.DIMENSIONS, names.STATUSES, names.VERDICTS,
    {code: name for code, (name, _) in names.INDICATORS.items()},
    {code: unit for code, (_, unit) in names.INDICATORS.items()},
    SLOT_STATES, PLATFORM_LABELS, MANDATORY, METHODS, PLAN_STATES, QUADRANT_NAMES, SETTLING,
    {one: strategy.name for one, strategy in STRATEGIES.items()},
    {one: strategy.means for one, strategy in STRATEGIES.items()},
    {sheet.name: sheet.title for sheet in SHEETS}, {"password": RULES},
    {one: f"{{}}{HOLE.sub('{}', words)}。" for one, words in (*WRONG.items(), *PATTERNS.items())},
)  # fmt: skip
"""The words of other packages that screens show."""
REPOSITORY = ROOT.parents[1]
ELSEWHERE = tuple(
    str(REPOSITORY / path)
    for path in (
        "api/console/", "api/migrations/", "api/minutes/document.py", "api/webhooks/events.py",
        "api/cli.py", "api/commands.py", "api/demo.py", "api/serving.py", "api/settings.py",
        "api/accounts/bootstrap.py", "api/batches/commands.py", "api/batches/sending.py", "api/integrations/",
        "models/commands.py", "models/demo_org/",
        "qa_pipeline/batch.py", "qa_pipeline/before.py", "qa_pipeline/cli.py", "qa_pipeline/facts.py",
        "qa_pipeline/folder.py", "qa_pipeline/reuse.py",
        "qa_pipeline/learning/", "qa_pipeline/report/", "qa_pipeline/compliance/commands.py",
        "qa_pipeline/rubric/archive.py", "qa_pipeline/rubric/commands.py", "qa_pipeline/rubric/judge.py",
        "qa_pipeline/chapters/", "qa_pipeline/endpoint.py", "qa_pipeline/reader/answers.py",
        "qa_pipeline/reader/asking.py", "qa_pipeline/reader/questions.py", "qa_pipeline/usage.py",
    )
)  # fmt: skip
"""Looked at above; or told on the command line, in documents and messages that others read, or to a model."""
THROUGHOUT = ("exchange/importing.py", "rubric/linter.py", "rubric/loader.py", "qa_pipeline/source.py")
"""Modules whose every text is what is wrong with a file."""
TELLS = re.compile(
    r"(Error|NotSignedIn|Forbidden|NotFound|Conflict|Stale|TooLarge|TooMany|Unavailable)$"
    r"|^(unknown|_unknown|_pass|_warn|_fail|Check|Graded|measured)$"
)
"""What is called with a refusal, or with the reason of a verdict, an item or a measure."""
WORTH_READING = re.compile(
    r"(?s)(Error|NotFound|Conflict|Forbidden|Unavailable|unknown|_pass|Check|Graded)\(.*[\u4e00-\u9fff]|。"
)
WRITTEN = {
    "今天天气不错": "tries a regular expression",
    "百分之五十": "tries a regular expression",
    "嗯": "tries a regular expression",
}
"""What stands in those modules and is told to nobody."""


@cache
def said() -> frozenset[tuple[str, str]]:
    """Every Chinese text that a screen may show: its file and the text, with {} where something is put in."""
    return frozenset(_said())


def _said() -> Iterator[tuple[str, str]]:
    for file in sorted(ROOT.glob("*.py")):
        for text in literals(ast.parse(file.read_text())):
            yield from ((file.name, one) for one in shown(text))
    for script in sorted((ROOT / "assets").glob("*.js")):
        yield from ((script.name, one) for one in quoted(COMMENT.sub("", script.read_text())))
    for number, words in enumerate(WORDS):
        yield from ((f"WORDS[{number}]", word) for word in words.values() if CHINESE.search(word))
    yield from (("requirements", one.text) for each in REQUIREMENTS.values() for one in each)
    for rubric in map(load_rubric, names.KINDS):
        yield from ((rubric.id, one.label) for one in (rubric, *rubric.items, *rubric.criticals))
        yield from ((rubric.id, one.reason) for one in rubric.criticals)
        yield from ((rubric.id, one.reason) for item in rubric.items for one in (*item.caps, *item.doubts))


@cache
def refused() -> frozenset[tuple[str, str]]:
    """Every refusal and reason that reaches a screen from the API, the model or the inspection.

    They are the texts given to an error or to what makes a reason, by their own or as a constant's name, and
    all other sentences; of some modules everything.
    """
    sources = {
        file: file.read_text()
        for package in ("api", "models", "qa_pipeline")
        for file in sorted((REPOSITORY / package).rglob("*.py"))
        if not str(file).startswith(ELSEWHERE) and file.name not in ("schemas.py", "scorecard_schemas.py")
    }
    trees = {file: ast.parse(text) for file, text in sources.items() if WORTH_READING.search(text)}
    constants = {
        name.id: value
        for tree in trees.values()
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(value := node.value, ast.Constant)
        for name in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(name, ast.Name)
    }
    found: set[tuple[str, str]] = set()
    for file, tree in trees.items():
        whole = str(file).endswith(THROUGHOUT)
        given = told(tree, constants, whole=whole)
        found.update((file.name, HOLE.sub("{}", text).strip()) for text in given if CHINESE.search(text))
    return frozenset(found)


def told(node: ast.AST, constants: Mapping[str, ast.Constant], *, whole: bool) -> Iterator[str]:
    """The texts below a node; unless ``whole``, those that are told to somebody."""
    match node:
        case (
            ast.Expr(value=ast.Constant())
            | ast.keyword(arg="description" | "summary" | "help" | "examples" | "rule")
        ):
            return
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            whole = whole or TELLS.search(name) is not None
        case ast.JoinedStr(values=values):
            text = "".join(map(part_of, values))
            if whole or text.endswith("。"):
                yield text
            for part in values:
                if isinstance(part, ast.FormattedValue):
                    yield from told(part.value, constants, whole=whole)
            return
        case ast.Constant(value=str(text)) if whole or text.endswith("。"):
            yield text
        case ast.Name(id=name) if whole and name in constants:
            yield from told(constants[name], constants, whole=True)
    for child in ast.iter_child_nodes(node):
        yield from told(child, constants, whole=whole)


def literals(tree: ast.AST) -> Iterator[str]:
    """The texts of a module; no docstring, no pattern, and of an f-string the whole."""
    passed: set[ast.AST] = set()
    for node in ast.walk(tree):  # from the outside to the inside
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                passed.add(docstring)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"))):
                passed.update(ast.walk(node))
            case ast.JoinedStr(values=values):
                passed.update(values)
                passed.update(
                    part.format_spec
                    for part in values
                    if isinstance(part, ast.FormattedValue) and part.format_spec
                )
                if node not in passed:
                    yield "".join(map(part_of, values))
            case ast.Constant(value=str(text)) if node not in passed:
                yield text


def part_of(part: ast.expr) -> str:
    """{} for what is put in; a date whose format has words, as 2026 年 9 月, as {} 年 {} 月."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    format_ = (
        ast.unparse(part.format_spec)[2:-1]
        if isinstance(part, ast.FormattedValue) and part.format_spec
        else ""
    )
    return re.sub(r"%-?\w", "{}", format_) if CHINESE.search(format_) else "{}"


def shown(text: str) -> Iterator[str]:
    """What stands whole on a screen of a text that may be HTML, properties of an element or a script."""
    if "fetch(" in text or text.startswith("document."):
        yield from quoted(text)
        return
    named = NAMED.findall(text)
    for one in named + (TAG.split(text) if TAG.search(text) else [] if named else [text]):
        for piece in one.replace("&emsp;", " ").split(" · "):
            if CHINESE.search(piece):
                yield HOLE.sub("{}", piece).strip(" ·")


def quoted(script: str) -> Iterator[str]:
    """The texts of a script; those within the holes of a template as well."""
    for plain, template in QUOTED.findall(script):
        for hole in HOLE.findall(template):
            yield from quoted(hole)
        whole = HOLE.sub("{}", plain or template).strip()
        if CHINESE.search(whole):
            yield whole


def test_all_that_a_screen_says_has_its_english() -> None:
    known = set(map(figureless, KNOWN))
    assert sorted(one for one in said() if figureless(one[1]) not in known and one[1] not in CONTENT) == []


def test_all_that_a_screen_is_refused_with_or_given_as_a_reason_has_its_english() -> None:
    known = set(map(figureless, KNOWN))
    lacking = (one for one in refused() if figureless(one[1]) not in known and one[1] not in WRITTEN)
    assert sorted(lacking) == []
    assert len(refused()) > 500, "the texts are no longer found where they are told"


def figureless(text: str) -> str:
    """With {} for figures, also for such as 3 / 4 and 2–5, as {n} in english.json."""
    return re.sub(r"(?:\{n?\}|\d[\d.]*)(?: ?[/–-] ?(?:\{n?\}|\d[\d.]*))*%?", "{}", text)


def test_what_is_left_as_it_is_written_is_still_said() -> None:
    assert CONTENT.keys() <= {text for _, text in said()}


def test_no_english_is_empty_or_chinese_and_all_of_it_loads_quickly() -> None:
    assert [words for words, english in KNOWN.items() if not english.strip() or CHINESE.search(english)] == []
    assert len(gzip.compress((ROOT / "assets" / "english.json").read_bytes())) < 90_000  # as it is sent


def test_what_stands_for_figures_and_words_is_in_the_english_as_well() -> None:
    places = re.compile(r"\{n?\}")
    unequal = [
        words
        for words, english in KNOWN.items()
        if sorted(places.findall(words)) != sorted(places.findall(english))
    ]
    assert unequal == []


def filled(words: str, english: str) -> tuple[str, str]:
    """A sentence and its English as a screen has them, with something in each of their places."""
    given: dict[str, list[str]] = {"{n}": [], "{}": []}

    def put_in(place: re.Match[str]) -> str:
        given[place[0]].append(str(len(given["{n}"]) + 10) if place[0] == "{n}" else f"X{len(given['{}'])}")
        return given[place[0]][-1]

    asked = re.sub(r"\{n?\}", put_in, words)
    return asked, re.sub(r"\{n?\}", lambda place: given[place[0]].pop(0), english)


SENTENCES = {
    "2026-09-08，已过 3 天": "2026-09-08, 3 days overdue",
    "3 / 4 场到期": "3 / 4 due",
    "第 2 版（当前） · qa 复核第 1 版后作出": "Version 2 (current) · made by qa in review of version 1",
    "期缴保费（万元，结果）": "Regular premium (10,000 yuan, Result)",
    "六要素不全，缺地点、准备": "Six essentials incomplete, without Place, Preparation",
    "差距为负表示落后。差距的单位为百分点。": "A negative gap is a lag. Gaps are percentage points.",
    "修改目标：鼓楼支公司 · 期缴保费": "change target: 鼓楼支公司 · Regular premium",
    "修改方案": "修改方案",
    "我们的目标": "我们的目标",
    "缺了两个人，张三、李四。": "缺了两个人，张三、李四。",
    "差距为负表示落后。缺了两个人，张三、李四。": "A negative gap is a lag. 缺了两个人，张三、李四。",
    "下周安排里没有多少说定的事；大家都累了；问题研讨没有讲满一分钟。": (
        "The plan for next week has little that was agreed on; 大家都累了；"
        "Problem discussion takes less than a minute."
    ),
    "11-14 召开，在 W2 的召开窗口内（基准日 11-15 遇休息日或撞期，提前召开）；会前已准备（11-13）": (
        "Held 11-14, within the window of W2 (base day 11-15 is a day off or collides: brought forward); "
        "Prepared beforehand (11-13)"
    ),
    "疑似空录、拼接或冒用的录音。00:07–31:59 与「甲」的录音重复（该录音 00:07 起）；"
    "12:10–24:30 与「乙」的文字雷同，分不清谁用了谁的。": (
        "The recording may be empty, joined or somebody else's. 00:07–31:59 is the recording of 「甲」 again "
        "(there from 00:07); 12:10–24:30 has much the same words as 「乙」, and "
        "nobody can tell which was first."
    ),
    "首末语音之间不超过 30 分钟，会议不成立": (
        "No more than 30 minutes from first to last speech: no meeting"
    ),
}
"""Figures, names and known words stand within known sentences; what a meeting says stays as it was said. Of
several reasons in one text each is told in English that is known, with its full stop or without."""
NAMES = {
    "取消 350102-W1": "Cancel 350102-W1",
    "分给下级 鼓楼支公司 · 拜访量": "Share out 鼓楼支公司 · Visits",
    "400.00 修改目标：鼓楼支公司 · 拜访量": "400.00 change target: 鼓楼支公司 · Visits",
    "C1 章节要点 的分数": "Points for C1 Chapter contents",
}
"""Of the buttons of rows."""
PUT_IN = """async ([sentences, names]) => {
  const put = (tag, given) => document.body.appendChild(Object.assign(document.createElement(tag), given));
  const texts = sentences.map(textContent => put('p', {textContent}));
  const buttons = names.map(ariaLabel => put('button', {ariaLabel}));
  await new Promise(requestAnimationFrame);
  return [texts.map(one => one.textContent), buttons.map(one => one.getAttribute('aria-label'))];
}"""


def test_the_language_is_chosen_once_and_kept(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/compliance?month=2026-09")
    page.get_by_role("button", name="账号 head 的姓名").click()
    page.get_by_text("English", exact=True).click()
    navigation = page.get_by_role("navigation", name="Main navigation")
    expect(navigation.get_by_role("link", name="Compliance")).to_be_visible()
    expect(page.get_by_role("heading", name="Coverage by slot")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert_sound(page)
    opened(page, "/")
    expect(page.get_by_text("Hello, head 的姓名")).to_be_visible()
    opened(page, "/toolbox")
    expect(page.get_by_role("heading", name="Compute again")).to_be_visible()
    sentences = {**SENTENCES, **dict(filled(words, english) for words, english in KNOWN.items())}
    told = page.evaluate(PUT_IN, [list(sentences), list(NAMES)])
    assert [given for given in zip(sentences, told[0], strict=True) if given[1] != sentences[given[0]]] == []
    assert told[1] == list(NAMES.values())
    opened(page, "/people/NOBODY")
    expect(page.get_by_role("alert")).to_contain_text(
        "There is no person NOBODY, or outside your institutions: check the number."
    )
    page.get_by_role("button", name="Account head 的姓名").click()
    page.get_by_text("中文", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("人员 NOBODY 不存在")


ASKED = {
    "": "zh",
    "zh-CN,zh;q=0.9,en;q=0.8": "zh",
    "en-US,en;q=0.9,zh-CN;q=0.8": "en",
    "en;q=0.4, zh-TW;q=0.7": "zh",
    "de-DE, EN-gb; q=0.5": "en",
    "en;q=0": "zh",
    "en, zh": "zh",
    "de, *;q=0.5": "zh",
    "en;q=much": "zh",
}
"""Language by what a browser's Accept-Language says."""


def test_strangers_are_spoken_to_in_the_language_that_their_browser_asks_for() -> None:
    assert {accepted: asked_for(accepted) for accepted in ASKED} == ASKED


def test_who_signs_in_for_the_first_time_in_english_goes_on_in_english(
    service: Service, browser: Browser
) -> None:
    with transaction(service.engine) as session:
        session.add(
            Account(login="newcomer", name="Newcomer", role=Role.QA, must_change_password=True,
                    password_hash=hash_password(PASSWORD), created_at=datetime.now(UTC))
        )  # fmt: skip
    page = browser.new_page(base_url=service.url, locale="en-GB")
    opened(page, "/reviews")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()
    opened(page, "/sign-in")
    expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()
    page.context.clear_cookies()
    opened(page, "/sign-in")
    expect(page.get_by_role("group", name="Language").get_by_role("link", name="English")).to_be_visible()
    assert_sound(page)
    page.get_by_label("Login", exact=True).fill("newcomer")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_label("New password again")).to_be_visible()
    expect(page.get_by_role("heading", name="Change password", level=1)).to_be_visible()
    page.close()
