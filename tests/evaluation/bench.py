"""``make bench``: speed and memory as ratios against peers, measured in one run on the same machine.

Every contender runs in a process of its own (so peak memory is its own), in turn, ``ROUNDS`` times; medians
are compared. Absolute seconds are printed for orientation only: machines differ and are noisy.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from qa_pipeline.values.transcript import Transcript
from tests.evaluation.model_bench import model

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "audio_samples" / "weekly_poor.opus"
SHORT = ROOT / "audio_samples" / "weekly_short.opus"
ROUNDS = 3
THREADS = os.cpu_count() or 1

app = typer.Typer(add_completion=False, help="Measure speed and memory against peers.")
app.command()(model)
console = Console()


# ---------------------------------------------------------------- contenders, each in its own process


def speech_huijian(audio: Path) -> dict[str, object]:
    """At its defaults: of two processors one hears, the other reads on."""
    from qa_pipeline.recording import open_recording
    from qa_pipeline.transcript.engine import transcribe

    transcript = transcribe(open_recording([audio]))
    return {"text": "".join(u.text for u in transcript.utterances)}


def speech_sequential(audio: Path) -> dict[str, object]:
    """Plain ``WhisperModel.transcribe`` with its VAD, told the same window length as the model's profile."""
    from faster_whisper import WhisperModel

    folder, profile = _bundled()
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=THREADS)
    segments, _ = model.transcribe(
        str(audio),
        language="zh",
        vad_filter=True,
        condition_on_previous_text=False,
        chunk_length=profile["chunk_length"],
        vad_parameters=profile["vad_parameters"],
    )
    return {"text": "".join(s.text for s in segments)}


def speech_batched(audio: Path) -> dict[str, object]:
    """``BatchedInferencePipeline.transcribe`` with the same windows, batch size and segment timestamps."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    folder, profile = _bundled()
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=THREADS)
    segments, _ = BatchedInferencePipeline(model).transcribe(
        str(audio),
        language="zh",
        without_timestamps=False,
        chunk_length=profile["chunk_length"],
        batch_size=profile["batch_size"],
        beam_size=profile["beam_size"],
        vad_parameters=profile["vad_parameters"],
    )
    return {"text": "".join(s.text for s in segments)}


def long_recording(audio: Path) -> dict[str, object]:
    return {"characters": len(str(speech_huijian(audio)["text"]))}


def read_and_score(stored: Path) -> dict[str, object]:
    """Chapters, findings, score and verdict of one stored 60-minute transcript; the median of 9."""
    from qa_pipeline.chapters import segment
    from qa_pipeline.pipeline import inspect
    from qa_pipeline.transcript.formats import from_json
    from qa_pipeline.values.facts import MeetingFacts
    from qa_pipeline.values.vocabulary import MeetingKind, Theme

    os.sched_setaffinity(0, {0})
    transcript = from_json(stored.read_text("utf-8"))
    facts = MeetingFacts(kind=MeetingKind.WEEKLY_REVIEW, theme=Theme.SUPERVISOR_LEAD)
    inspect(transcript, facts=facts, transcript=transcript)
    times, chapter_times = [], []
    for _ in range(9):
        began = time.perf_counter()
        inspect(transcript, facts=facts, transcript=transcript)
        times.append(time.perf_counter() - began)
        began = time.perf_counter()
        segment(transcript, kind=facts.kind)
        chapter_times.append(time.perf_counter() - began)
    return {
        "milliseconds": 1000 * statistics.median(times),
        "chapters_milliseconds": 1000 * statistics.median(chapter_times),
        "utterances": len(transcript.utterances),
        "characters": sum(len(u.text) for u in transcript.utterances),
    }


CONTENDERS: dict[str, Callable[[Path], dict[str, object]]] = {
    f.__name__: f for f in (speech_huijian, speech_sequential, speech_batched, long_recording, read_and_score)
}


@app.command(hidden=True)
def contend(name: str, path: Path) -> None:
    """Run one contender and print its result, its seconds and its peak memory as JSON."""
    began = time.perf_counter()
    result = CONTENDERS[name](path)
    result["seconds"] = time.perf_counter() - began
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps(result))


def _contest(name: str, path: Path) -> dict[str, float | str]:
    command = [sys.executable, "-m", "tests.evaluation.bench", "contend", name, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    result: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    return result


def _bundled() -> tuple[str, dict[str, object]]:
    folder = ROOT / "qa_pipeline" / "transcript" / "demo_model"
    return str(folder), json.loads((folder / "profile.json").read_text("utf-8"))


# ---------------------------------------------------------------- the measurements


@app.command()
def speech(audio: Path = SHORT, rounds: int = ROUNDS) -> None:
    """``huijian transcribe`` against the plain library: same audio, same weights, same run."""
    from tests.evaluation.speech import character_error_rate, reference_text

    names = ("speech_huijian", "speech_batched", "speech_sequential")
    runs: dict[str, list[dict[str, float | str]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            runs[name].append(_contest(name, audio))
    base = statistics.median(float(r["seconds"]) for r in runs["speech_batched"])
    table = Table(title=f"Speech: {audio.name}, {THREADS} processors, median of {rounds}")
    for column in ("", "seconds", "ratio to batched", "CER %", "peak MB"):
        table.add_column(column, justify="left" if not column else "right")
    for name in names:
        seconds = statistics.median(float(r["seconds"]) for r in runs[name])
        error = character_error_rate(reference_text(audio), str(runs[name][-1]["text"]))
        peak = max(float(r["peak_mb"]) for r in runs[name])
        row = (name, f"{seconds:.1f}", f"{seconds / base:.2f}", f"{100 * error:.2f}", f"{peak:.0f}")
        table.add_row(*row)
    console.print(table)


@app.command()
def memory(hours: float = 3.0) -> None:
    """Peak memory of transcribing a long recording (the sample repeated), against the sample itself."""
    import av

    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.opus"
        with av.open(str(SAMPLE)) as probe:
            seconds = float(probe.duration or 0) / 1_000_000
        _repeat(SAMPLE, long, times=max(1, round(hours * 3600 / seconds)))
        short, whole = _contest("long_recording", SAMPLE), _contest("long_recording", long)
    console.print(
        f"Memory: {seconds / 60:.0f} min {float(short['peak_mb']):.0f} MB; {hours:.0f} h "
        f"{float(whole['peak_mb']):.0f} MB (goal < 1500), {float(whole['seconds']):.0f} s"
    )


def _repeat(source: Path, target: Path, *, times: int) -> None:
    """Write ``source`` ``times`` times in a row, packet by packet (nothing is decoded)."""
    import av

    with av.open(str(target), "w") as out:
        stream = None
        offset = 0
        for _ in range(times):
            last = 0
            with av.open(str(source)) as container:
                audio = container.streams.audio[0]
                stream = stream or out.add_stream_from_template(audio)
                for packet in container.demux(audio):
                    if packet.pts is None:
                        continue
                    last = packet.pts + (packet.duration or 0)
                    packet.pts = packet.dts = packet.pts + offset
                    packet.stream = stream
                    out.mux(packet)
            offset += last


@app.command()
def reading() -> None:
    """Reading and scoring a 60-minute transcript on one core (goal < 150 ms after load)."""
    from qa_pipeline.transcript.formats import to_json

    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "hour.json"
        stored.write_text(to_json(_hour()), "utf-8")
        result = _contest("read_and_score", stored)
    console.print(
        f"Reading + scoring: {result['utterances']} utterances, {result['characters']} characters, 60 min: "
        f"{float(result['milliseconds']):.0f} ms (goal < 150), "
        f"of which chapters {float(result['chapters_milliseconds']):.0f} ms"
    )


def _hour() -> Transcript:
    """A 60-minute meeting of about 13,000 characters, put together from labelled ones."""
    from qa_pipeline.chapters.corpus import meetings

    texts = [m for m in meetings() if m.kind == "weekly_review"]
    longest = sorted(texts, key=lambda m: -sum(len(u.text) for u in m.transcript.utterances))[:3]
    order = [u for m in longest for u in m.transcript.utterances]
    characters = 0
    chosen = []
    for utterance in order:
        chosen.append(utterance)
        characters += len(utterance.text)
        if characters >= 13_000:
            break
    scale, clock, placed = 3600 / characters, 0.0, []
    for utterance in chosen:
        end = clock + scale * len(utterance.text)
        placed.append(replace(utterance, start=clock, end=end - 0.05))
        clock = end
    return Transcript(utterances=tuple(placed), duration=3600.0, engine="bench")


@app.command()
def rescoring(count: int = 1200) -> None:
    """Re-scoring stored inspections with 2 worker processes (goal: 1,200 in under 60 s on 2 cores)."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from qa_pipeline.chapters.corpus import meetings
    from qa_pipeline.pipeline import inspect
    from qa_pipeline.report.json import inspection_to_json
    from qa_pipeline.values.vocabulary import MeetingKind

    with tempfile.TemporaryDirectory() as folder:
        stored = []
        for meeting in meetings():
            facts = replace(meeting.facts, kind=meeting.facts.kind or MeetingKind.WEEKLY_REVIEW)
            path = Path(folder) / f"{meeting.id}.json"
            path.write_text(inspection_to_json(inspect(meeting.transcript, facts=facts)), "utf-8")
            stored.append(str(path))
        work = [stored[i % len(stored)] for i in range(count)]
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            list(pool.map(rescore, stored[:4]))
            began = time.perf_counter()
            list(pool.map(rescore, work, chunksize=20))
            seconds = time.perf_counter() - began
    console.print(f"Re-scoring: {count} stored meetings, 2 processes: {seconds:.1f} s (goal < 60)")


def rescore(path: str) -> float:
    """Load one stored inspection and score it again from its transcript, chapters and findings."""
    from qa_pipeline.report.json import inspection_from_json
    from qa_pipeline.rubric import rubric_for, score

    stored = inspection_from_json(Path(path).read_text("utf-8"))
    rubric = rubric_for(stored.facts.kind, stored.facts.theme)
    card = score(
        rubric,
        transcript=stored.transcript,
        chapters=stored.chapters,
        findings=stored.findings,
        facts=stored.facts,
    )
    return card.energy_score


@app.command()
def workers(copies: int = 4, audio: Path = SHORT) -> None:
    """``huijian batch`` with 2 workers against 1, each with one processor (goal 1.8x); and against one
    worker that has both, as a single worker does by default."""
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "month"
        source.mkdir()
        for i in range(copies):
            shutil.copy(audio, source / f"meeting{i}.opus")
        for name, count, processors in (("one", 1, {0}), ("both", 1, {0, 1}), ("two", 2, {0, 1})):
            command = [sys.executable, "-m", "qa_pipeline.cli", "batch", str(source)]
            command += ["--out", str(Path(folder) / name), "--workers", str(count)]
            began = time.perf_counter()
            subprocess.run(
                command,
                cwd=ROOT,
                check=True,
                capture_output=True,
                preexec_fn=partial(os.sched_setaffinity, 0, processors),
            )
            seconds[name] = time.perf_counter() - began
    console.print(
        f"Batch: {copies} recordings, 2 workers {seconds['two']:.0f} s; 1 worker on one processor "
        f"{seconds['one']:.0f} s: {seconds['one'] / seconds['two']:.2f}x (goal 1.8); 1 worker on both "
        f"{seconds['both']:.0f} s: {seconds['both'] / seconds['two']:.2f}x"
    )


@app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """Run every measurement."""
    if context.invoked_subcommand is None:
        speech()
        reading()
        rescoring()
        workers()
        memory()
        model()


if __name__ == "__main__":
    app()
