"""How soon each screen can be used, how many bytes its first visit costs, and what live tabs cost in memory.

    python -m tests.evaluation.pages [--tabs 50] [--runs 3]

A screen can be used when it hears what is clicked: from asking for it to the end of the handshake. Each is
opened with an empty cache (bytes over the wire, as compressed) and again with a full one; the time is the
best of the runs. ``work`` is the processor time of the service and of the page's main thread in that first
visit: what it would take on a machine with nothing else to do, and what is held against the goal where other
programs keep this one busy. Memory is the resident set of the service, before and after that many tabs of the
screens stay open.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, CDPSession, Page

from api.accounts.tables import Role
from api.console import MOUNT
from tests.evaluation.shown import Shown, browsing, opened, page_of, served

MONTH: Final = "2026-09"
GOAL_SECONDS: Final = 2.0
GOAL_BYTES: Final = 1_200_000
GOAL_MEMORY: Final = 200 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one screen: seconds, work and bytes with an empty cache, seconds with a full one, heaviest files."""

    screen: str
    first: float
    work: float
    bytes: int
    again: float
    heaviest: tuple[tuple[str, int], ...]


def screens(shown: Shown) -> tuple[str, ...]:
    good, poor = shown.meetings["weekly_good"], shown.meetings["weekly_poor"]
    return (
        *("/", "/briefing", "/upload", f"/record/{good}", f"/meetings?month={MONTH}", f"/meetings/{good}"),
        *(f"/meetings/{good}/minutes", "/reviews", f"/reviews/{poor}", "/agreement", "/calibration"),
        *(f"/compliance?month={MONTH}", f"/indicators?month={MONTH}", "/customers", "/navigator", "/plans"),
        *("/income", f"/activities?month={MONTH}", "/management", "/management/actions", "/toolbox"),
        *("/institutions", "/people", "/imports", "/jobs"),
        *(
            "/rubrics",
            "/rubrics/weekly_review/1.3",
            "/speech-models",
            "/accounts",
            "/notices",
            "/calendar",
            "/audit",
        ),
    )


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--tabs", type=int, default=50)
    asked.add_argument("--runs", type=int, default=3)
    options = asked.parse_args()
    is_busy = os.getloadavg()[0] > (os.cpu_count() or 1) / 2
    with served() as shown, browsing() as browser:
        costs = [cost(browser, shown, screen, runs=options.runs) for screen in screens(shown)]
        grown = memory_of_tabs(browser, shown, options.tabs)
    for one in costs:
        heaviest = "  ".join(f"{name} {size // 1000}" for name, size in one.heaviest)
        times = f"{one.first:6.2f} s  work {one.work:5.2f} s  again {one.again:5.2f} s"
        print(f"{times}  {one.bytes / 1000:6.0f} kB  {one.screen}  [{heaviest}]")
    slow = [one.screen for one in costs if (one.work if is_busy else one.first) >= GOAL_SECONDS]
    heavy = [one.screen for one in costs if one.bytes >= GOAL_BYTES]
    told = {
        "busy_machine": is_busy,
        "slow": slow,
        "heavy": heavy,
        "tabs": options.tabs,
        "grown_mb": grown >> 20,
    }
    print(json.dumps(told))
    return 1 if slow or heavy or grown >= GOAL_MEMORY else 0


def cost(browser: Browser, shown: Shown, screen: str, *, runs: int) -> Cost:
    firsts, agains, works, sizes = [], [], [], {}
    for _ in range(runs):
        page = page_of(browser, shown, Role.ADMINISTRATOR)
        wire = page.context.new_cdp_session(page)
        wire.send("Performance.enable", {"timeDomain": "threadTicks"})
        sizes = _weighed(wire)
        before = busy(shown.process)
        firsts.append(_seconds(page, screen))
        metrics = {each["name"]: each["value"] for each in wire.send("Performance.getMetrics")["metrics"]}
        works.append(busy(shown.process) - before + metrics["TaskDuration"])
        page.wait_for_timeout(500)  # what comes after the handshake counts as well
        agains.append(_seconds(page, screen))
        page.context.close()
    whole = sum(sizes.values())
    heaviest = sorted(sizes.items(), key=lambda pair: -pair[1])[:3]
    return Cost(
        screen=screen,
        first=min(firsts),
        work=min(works),
        bytes=whole,
        again=min(agains),
        heaviest=tuple(heaviest),
    )


def _seconds(page: Page, screen: str) -> float:
    began = time.monotonic()
    page.goto(f"{MOUNT}{screen}", wait_until="commit")
    page.wait_for_function("window.did_handshake", polling=20)
    return time.monotonic() - began


def _weighed(wire: CDPSession) -> dict[str, int]:
    """File name -> bytes that came over the wire; filled while the page loads."""
    sizes: dict[str, int] = {}
    names: dict[str, str] = {}
    wire.send("Network.enable")
    wire.on(
        "Network.requestWillBeSent", lambda event: names.update({event["requestId"]: event["request"]["url"]})
    )

    def came(event: dict[str, object]) -> None:
        name = names.get(str(event["requestId"]), "?").split("?")[0].rsplit("/", 1)[-1] or "page"
        sizes[name] = sizes.get(name, 0) + int(event["encodedDataLength"])  # type: ignore[call-overload]

    wire.on("Network.loadingFinished", came)
    return sizes


def memory_of_tabs(browser: Browser, shown: Shown, count: int) -> int:
    """Bytes by which the service grows while so many tabs are open, each on the next of the screens."""
    wanted = screens(shown)
    first = page_of(browser, shown, Role.ADMINISTRATOR)
    for screen in wanted:  # what is loaded once is loaded
        opened(first, screen)
    first.context.close()
    before = resident(shown.process)
    page = page_of(browser, shown, Role.ADMINISTRATOR)
    for number in range(count):
        opened(page, wanted[number % len(wanted)])
        page = page.context.new_page()
    grown = resident(shown.process) - before
    page.context.close()
    return grown


def busy(process: int) -> float:
    """Seconds of the processor that the process has used; of Linux."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(process: int) -> int:
    """Bytes; of Linux."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096


if __name__ == "__main__":
    raise SystemExit(main())
