"""The pictures of the README: the report that ``make demo`` writes, and the console of a service with demo
data (``make screenshots``).

The same data, days, fonts and window sizes each time; the only thing that may differ is how the machine's
fonts are drawn. Each picture is PNG of at most 256 colours, below 200 kB.

    python -m tests.evaluation.screenshots [--out docs/images]
"""

from __future__ import annotations

import argparse
import io
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from playwright.sync_api import Browser, Page

from api.accounts.tables import Role
from qa_pipeline.facts import read_facts
from qa_pipeline.pipeline import inspect, open_source
from qa_pipeline.report.html import render_html
from tests.evaluation.shown import Shown, browsing, opened, page_of, served

SAMPLES: Final = Path("audio_samples")
LARGEST: Final = 200_000
"""Bytes of a picture."""
STILL: Final = "*, *::before, *::after { animation: none !important; transition: none !important; }"


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=Path("docs/images"))
    out: Path = asked.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    too_large = []
    with served() as shown, browsing() as browser:
        for take in (report, meeting, bench, compliance, upload):
            file = out / f"{take.__name__}.png"
            file.write_bytes(few_colours(take(browser, shown)))
            size = file.stat().st_size
            print(f"{file}  {size // 1000} kB")
            if size >= LARGEST:
                too_large.append(take.__name__)
    return 1 if too_large else 0


def report(browser: Browser, _: Shown) -> bytes:
    """How the report of the poor weekly review begins."""
    recording = SAMPLES / "weekly_poor.opus"
    inspection = inspect(
        open_source([str(recording)]), facts=read_facts(recording.with_suffix(".meeting.yaml"))
    )
    page = browser.new_page(viewport={"width": 900, "height": 945})
    page.set_content(render_html(inspection))
    return taken(page)


def meeting(browser: Browser, shown: Shown) -> bytes:
    """The verdict of the good weekly review, with waveform and chapters."""
    page = page_of(browser, shown, Role.MANAGER, height=1200)
    opened(page, f"/meetings/{shown.meetings['weekly_good']}")
    page.wait_for_selector("#wave:not([hidden])")
    return taken(page)


def bench(browser: Browser, shown: Shown) -> bytes:
    """The poor one being reviewed: an item open with its proofs."""
    page = page_of(browser, shown, Role.QA)
    opened(page, f"/reviews/{shown.meetings['weekly_poor']}")
    page.wait_for_selector("body[data-bench=ready]")
    with page.expect_navigation():
        page.keyboard.press("t")
    page.wait_for_selector("body[data-bench=ready]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    page.evaluate("document.querySelector('#said').className = ''")
    return taken(page)


def compliance(browser: Browser, shown: Shown) -> bytes:
    """The month of the whole company."""
    page = page_of(browser, shown, Role.HEAD_OFFICE, height=1000)
    opened(page, "/compliance?month=2026-09")
    return taken(page)


def upload(browser: Browser, shown: Shown) -> bytes:
    """A recording chosen on a phone."""
    page = page_of(browser, shown, Role.MANAGER, width=390, height=480, scale=1.5)
    opened(page, "/upload")
    sound = {"name": "周复盘会20260908.m4a", "mimeType": "audio/mp4", "buffer": b"sound"}
    page.set_input_files("#files", sound)  # type: ignore[arg-type]
    return taken(page)


def taken(page: Page) -> bytes:
    page.evaluate("document.fonts.ready")
    page.add_style_tag(content=STILL)
    page.mouse.move(0, 0)
    page.wait_for_timeout(800)  # charts draw once more after the fonts have come
    picture = page.screenshot()
    page.context.close()
    return picture


def few_colours(png: bytes) -> bytes:
    """The picture with a palette of its 256 best colours."""
    with av.open(io.BytesIO(png), "r") as file:
        picture = next(file.decode(video=0)).reformat(format="rgb24")
    picture.pts = 0
    once = Fraction(1, 1)
    graph = av.filter.Graph()
    whole = graph.add_buffer(
        width=picture.width, height=picture.height, format=picture.format, time_base=once
    )
    twice, palette = graph.add("split"), graph.add("palettegen", "reserve_transparent=0")
    drawn, done = graph.add("paletteuse", "dither=none"), graph.add("buffersink")
    whole.link_to(twice)
    twice.link_to(palette, 0, 0)
    twice.link_to(drawn, 1, 0)
    palette.link_to(drawn, 0, 1)
    drawn.link_to(done)
    graph.configure()
    whole.push(picture)
    whole.push(None)
    indexed = done.pull()
    if not isinstance(indexed, av.VideoFrame):
        raise TypeError(indexed)
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "pal8"
    encoder.time_base, encoder.options = once, {"compression_level": "9", "pred": "none"}
    return b"".join(bytes(packet) for packet in [*encoder.encode(indexed), *encoder.encode(None)])


if __name__ == "__main__":
    raise SystemExit(main())
