"""A running service with real data, and a real browser signed in as somebody of each role.

Without Chromium these tests are skipped; on Debian ``apt-get install chromium-headless-shell`` brings it.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, Literal
from urllib.error import URLError
from urllib.request import urlopen

import httpx
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from fastapi import FastAPI
from fastapi.testclient import TestClient
from nicegui import core, run, ui
from nicegui.testing import User
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as NotThereError
from sqlalchemy import Engine, select

from api.access import COOKIE, hashed
from api.accounts.passwords import hash_password
from api.accounts.tables import Account, Role, SignIn
from api.console import MOUNT, frame, mount
from api.database import migrate
from models.base import SHANGHAI
from models.calendar.weeks import month_start
from models.database import connect, transaction
from models.meetings.slots import SlotRepository
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution
from tests.api import results
from tests.api.people import staff

PASSWORD: Final = "Test-password-1"
START_SECONDS: Final = 600
WAIT_MS: Final = 60_000
LOGINS: Final = {
    Role.ADMINISTRATOR: "admin",
    Role.MANAGER: "manager",
    Role.QA: "qa",
    Role.HEAD_OFFICE: "head",
}
FOUNDED: Final = date(2020, 1, 1)
GOOD: Final = "350102-W1"
"""The meeting of 350102 in September 2026 that qualifies."""
POOR: Final = "350103-W1"
"""The meeting of 350103 that does not."""
LOOKED_AT: Final[set[str | None]] = set()
"""Titles of the dialogs that were found sound."""
AT_REST: Final = """() => !document.querySelector('[class*="-enter-active"], [class*="-leave-active"]')
    && document.getAnimations().every(one => one.playState !== 'running'
        || one.effect.getComputedTiming().iterations === Infinity
        || !one.effect.target.checkVisibility({visibilityProperty: true}))"""
"""Nothing that is seen fades in or out: what is half there has too little contrast. (What NiceGUI
says of a lost connection, hidden, would take half a second on every page.)"""
ONLY_SERIOUS: Final = """() => axe.configure({rules: axe._audit.rules
    .filter(rule => ['minor', 'moderate'].includes(rule.impact))
    .map(rule => ({id: rule.id, enabled: false}))})"""
"""A rule's impact is that of all it finds: those whose findings would be left out need not be asked."""

UNUSED: Final = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,"
    "AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,"
    "PreconnectToSearch,SpareRendererForSitePerProcess"
)
"""Parts of the browser that are left out. The first three are pages of its own for the suggestions below the
address bar: loading them took half of the time that a window takes to open. The last is a process begun in
advance, for a page of another site. The others are what Playwright leaves out: of two lists the browser heeds
the last."""
SHARED: Final = "--process-per-site"
"""Pages of one device share a process, and with it what was made of the scripts."""
STAYS: Final = "/api/v1/health"
"""An address of the service that has neither scripts nor styles."""

PALE: Final = """within => {
    const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const drawn = colour => {
        pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data; return [[r, g, b], a / 255]; };
    const over = ([top, alpha], under) => top.map((one, n) => one * alpha + under[n] * (1 - alpha));
    const ground = one => {
        if (!one) return [255, 255, 255];
        const [colour, alpha] = drawn(getComputedStyle(one).backgroundColor);
        return alpha === 1 ? colour : over([colour, alpha], ground(one.parentElement)); };
    const light = colour => colour.map(one => one / 255)
        .map(one => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4)
        .reduce((sum, one, n) => sum + one * [.2126, .7152, .0722][n], 0);
    const veil = one => one ? getComputedStyle(one).opacity * veil(one.parentElement) : 1;
    const told = (one, pseudo, text) => {
        const behind = ground(one), [colour, alpha] = drawn(getComputedStyle(one, pseudo).color);
        const [a, b] = [light(over([colour, alpha * veil(one)], behind)), light(behind)];
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        return ratio < 4.5 ? [`${ratio.toFixed(2)}: ${text}`] : []; };
    return [...document.querySelectorAll(`${within}, ${within} *`)].flatMap(one => {
        const said = [...one.childNodes].map(each => each.nodeType === 3 ? each.nodeValue : '').join('');
        const seen = one.checkVisibility({checkOpacity: true});
        if (!seen || one.closest('.material-icons, :disabled, [aria-disabled=true]')) return [];
        if (one.matches('input, textarea')) return [...told(one, null, one.value),
            ...one.placeholder ? told(one, '::placeholder', one.placeholder) : []];
        return said.trim() ? told(one, null, said) : [];
    });
}"""
"""The texts within that are too pale, with their contrast."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running service; ``engine`` reaches the same database."""

    url: str
    engine: Engine


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two level-4 institutions below a branch, their people, two inspected meetings, an account a role."""
    data = tmp_path_factory.mktemp("console")
    engine = connect(f"sqlite:///{data / 'huijian.db'}")
    migrate(engine)
    _fill(engine)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "api.cli", "serve", "--no-worker"]
    command += ["--data", str(data), "--port", str(port)]
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _await_answer(f"http://127.0.0.1:{port}/", process, data / "log")
        yield Service(f"http://127.0.0.1:{port}", engine)
    finally:
        process.terminate()
        process.wait(START_SECONDS)
        engine.dispose()


def _await_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urlopen(f"{url}console/sign-in", timeout=START_SECONDS):
                return
        except URLError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def _fill(engine: Engine) -> None:
    now = datetime.now(UTC)
    with transaction(engine) as session:
        tree = InstitutionRepository(session)
        for code, name, parent in (
            ("0", "示例人寿", None),
            ("35", "福建分公司", "0"),
            ("3501", "福州中心支公司", "35"),
            ("350102", "鼓楼支公司", "3501"),
            ("350103", "台江支公司", "3501"),
        ):
            tree.add(code, name=name, parent=parent, must_hold=len(code) == 6, valid_from=FOUNDED)
    staff(engine)
    for code, institution, inspection in ((GOOD, "350102", results.good()), (POOR, "350103", results.poor())):
        results.hold(engine, code, institution=institution)
        results.inspect(engine, code, inspection)
    with transaction(engine) as session:
        SlotRepository(session).fill_month(month_start(now.astimezone(SHANGHAI).date()))
        password = hash_password(PASSWORD)
        place = session.scalars(select(Institution.id).where(Institution.code == "350102")).one()
        for role, login in LOGINS.items():
            account = Account(
                login=login, name=f"{login} 的姓名", role=role, password_hash=password, created_at=now,
                institution_id=place if role is Role.MANAGER else None,
            )  # fmt: skip
            session.add(account)
            session.flush()
            session.add(SignIn(account_id=account.id, token_hash=hashed(login), csrf_token=f"csrf-{login}",
                               created_at=now, expires_at=now + timedelta(hours=1)))  # fmt: skip


@pytest.fixture(scope="package")  # Playwright leaves an event loop in this thread until it stops
def browser() -> Iterator[Browser]:
    # The same browser without windows takes four fifths of the processor time.
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("these tests need a browser: apt-get install chromium-headless-shell")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        microphone = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        launched = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", f"--disable-features={UNUSED}", *microphone, SHARED],
        )
        yield launched
        launched.close()


class Device:
    """A browser that somebody of a role uses in one test after another.

    What it has read of scripts and styles it does not read again: a page of the service that stays open, but
    is none of its screens, keeps the process of their pages running.
    """

    def __init__(self, service: Service, browser: Browser, role: Role) -> None:
        self.context = browser.new_context(base_url=service.url, locale="zh-CN")
        self.context.set_default_timeout(WAIT_MS)
        self._role, self._origin = role, service.url
        self._sign_in()
        self._stays = self.context.new_page()
        self._stays.goto(STAYS)
        self._wire = self.context.new_cdp_session(self._stays)

    def forget(self) -> None:
        """Nothing is left of a test: neither its pages nor what they kept on the device."""
        for page in self.context.pages:
            if page is not self._stays:
                page.close()
        self._wire.send("Storage.clearDataForOrigin", {"origin": self._origin, "storageTypes": "all"})
        self.context.clear_cookies()
        self._sign_in()

    def _sign_in(self) -> None:
        self.context.add_cookies([{"name": COOKIE, "value": LOGINS[self._role], "url": self._origin}])


@pytest.fixture(scope="package")
def device_of(service: Service, browser: Browser) -> Callable[[Role], Device]:
    """The device of a role, made when it is first asked for; it ends with the browser."""
    return cache(partial(Device, service, browser))


Story = Callable[[User], Awaitable[None]]
Play = Callable[[TestClient, Story], None]


@pytest.fixture(scope="session")
def screens() -> Any:
    """The console, once a process, on an application of its own."""
    mount(FastAPI())
    return core.app


@pytest.fixture
def play(screens: Any, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Tells a story of NiceGUI's simulated user, who is signed in as the client is: no browser is needed.

    NiceGUI's fixture `user` is not used: it removes every page of the process, and the modules they are in.
    """
    monkeypatch.setattr(frame, "_SERVICE", [app])
    for name in ("navigate", "notify", "download"):  # the simulated user puts her own there
        monkeypatch.setattr(ui, name, getattr(ui, name))

    async def framed(scope: Any, receive: Any, send: Any) -> None:
        await screens({**scope, "state": {"request_id": "simulated"}}, receive, send)

    async def told(client: TestClient, story: Story) -> None:
        served = httpx.ASGITransport(framed)
        async with (
            screens.router.lifespan_context(screens),
            httpx.AsyncClient(transport=served, base_url="http://test", cookies=dict(client.cookies)) as http,
        ):
            user = User(http)
            user.javascript_rules[re.compile(r"(?s).*fetch\('/api/v1/'")] = lambda found: asked(client, found)
            await story(user)

    def start(client: TestClient, story: Story) -> None:
        try:
            with ThreadPoolExecutor(1) as apart:  # tests with a browser leave an event loop in this thread
                apart.submit(asyncio.run, told(client, story)).result()
        finally:
            run.reset()  # the service that stopped took the threads of the process with it

    return start


def asked(client: TestClient, script: re.Match[str]) -> dict[str, Any]:
    """What the browser would bring back from the API for the script of `api.console.calls`."""

    def value(behind: str) -> Any:
        _, _, rest = script.string.partition(behind)
        return json.JSONDecoder().raw_decode(rest)[0]

    path, match = value("'/api/v1/' + "), value("match = ")
    answer = client.request(
        value("{method: "), f"/api/v1/{path}", json=value("body = "),
        headers={} if match is None else {"If-Match": match},
    )  # fmt: skip
    return {"ok": answer.is_success, "body": answer.json() if answer.content else None}


PageAs = Callable[..., Page]


PAGES: Final = pytest.StashKey[list[Page]]()
"""The pages of a test, while it runs."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the pages of a failed test showed belongs to its report."""
    report = yield
    if report.when == "call" and report.failed:
        for page in item.stash.get(PAGES, []):
            if not page.is_closed():
                try:
                    shown = page.locator("body").aria_snapshot(timeout=5000)
                except Error as error:
                    shown = str(error)
                report.sections.append((page.url, shown))
    return report


@pytest.fixture
def page_as(
    request: pytest.FixtureRequest, service: Service, device_of: Callable[[Role], Device], browser: Browser
) -> Iterator[PageAs]:
    """Makes a page of somebody signed in: ``page_as(Role.MANAGER, "/compliance", width=390, dark=True)``.

    The screen is there and connected when it is returned. ``alone`` is for a test that changes more of its
    device than is put back. At the end no page may have asked another host or have reported an error.
    """
    used: dict[Role, Device] = {}
    ended: list[BrowserContext] = []
    faults = []
    pages = request.node.stash.setdefault(PAGES, [])

    def note_request(url: str) -> None:
        if not url.startswith((service.url, service.url.replace("http", "ws"), "data:", "blob:")):
            faults.append(f"asked {url}")

    def made(role: Role, path: str, *, width: int = 1440, dark: bool = False, alone: bool = False) -> Page:
        if alone:
            context = Device(service, browser, role).context
            ended.append(context)
        else:
            context = used.setdefault(role, device_of(role)).context
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        # What slides while it is clicked misses the click: the button is elsewhere when the mouse rises.
        page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        page.on("request", lambda request: note_request(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        opened(page, path)
        return page

    yield made
    for context in ended:
        context.close()
    for device in used.values():
        device.forget()
    assert faults == []


def press(page: Page, words: str) -> None:
    """In the dialog that is open; one that no test has opened before must be sound."""
    button = page.get_by_role("dialog").get_by_role("button", name=words, exact=True)
    title = button.locator("xpath=ancestor::*[@role='dialog']").get_attribute("aria-label")
    if title not in LOOKED_AT:
        LOOKED_AT.add(title)
        assert (title, serious_findings(page, within="[role=dialog]")) == (title, [])
        assert_legible(page, "[role=dialog]")
    button.click()


def submit(page: Page, words: str) -> None:
    """:func:`press`, and wait for the page that comes: what is opened earlier goes with the one before."""
    with page.expect_navigation():
        press(page, words)
    page.wait_for_function("window.did_handshake")


def pick(page: Page, label: str, option: str, *, exact: bool = True) -> None:
    """Choose from a list in the dialog that is open. One that closes again, because the page is still being
    filled in, is opened anew."""
    wanted = page.get_by_role("listbox").get_by_role("option", name=option, exact=exact)
    for _ in range(5):
        page.get_by_role("dialog").get_by_label(label).click()
        try:
            return wanted.click(timeout=WAIT_MS / 6)
        except NotThereError:
            continue
    raise AssertionError(f"{label} does not offer {option}")


def overtype(field: Locator, text: str, *, then: Locator, says: str) -> None:
    """Write over what the page itself has just filled in. NiceGUI sends a new value of a field in two
    messages; what is typed between them is lost, and typed again."""
    for _ in range(5):
        field.fill(text)
        try:
            return expect(then).to_contain_text(says, timeout=WAIT_MS / 6)
        except AssertionError:
            continue
    raise AssertionError(f"{text} is not kept, or nothing says {says}")


def opened(page: Page, path: str) -> None:
    """Go to a screen, and wait until it hears what is clicked."""
    page.goto(f"{MOUNT}{path}")
    page.wait_for_function("window.did_handshake")


def serious_findings(page: Page, *, within: str | None = None) -> list[str]:
    """What axe-core holds against the page, or a part of it, serious or worse: rule, place and what to do.

    Of a part the colours are not judged: what a dialog covers is taken for its ground (see assert_legible).
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
        page.evaluate(ONLY_SERIOUS)
    options = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": within is None}}}
    asked = "([within, options]) => axe.run(within ?? document, options)"
    found = page.evaluate(asked, [within, options])["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def assert_legible(page: Page, within: str) -> None:
    """Every text of a dialog stands out from what is behind it (4.5 : 1), in light and in dark: axe-core
    leaves that open where one layer covers another. At the end the colours are as they were."""
    before: Literal["light", "dark"] = "light"
    if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"):
        before = "dark"
    colours: Literal["light", "dark"]
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        page.wait_for_function(f"document.body.classList.contains('body--{colours}')")
        page.wait_for_function(AT_REST)
        assert (within, colours, page.evaluate(PALE, within)) == (within, colours, [])
    page.emulate_media(color_scheme=before)


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window, once it has had time to follow its width."""
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    with suppress(NotThereError):
        page.wait_for_function(f"{wider} === 0", timeout=WAIT_MS / 12)
    return int(page.evaluate(wider))


def assert_sound(page: Page) -> None:
    """The page as it stands can be used with a screen reader and fits its window: on a desk in light, on a
    phone in dark, and magnified to 200 %. At the end it is as wide as it was, and light."""
    before = page.viewport_size
    for width, colours in ((1440, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=colours)
        page.wait_for_function(AT_REST)
        assert (page.url, width, serious_findings(page)) == (page.url, width, [])
        assert (page.url, width, overflow(page)) == (page.url, width, 0)
    page.set_viewport_size({"width": 720, "height": 450})
    assert (page.url, overflow(page)) == (page.url, 0)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(before or {"width": 1440, "height": 900})
