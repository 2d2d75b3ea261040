"""Train the demo speech model from nothing: text, speech, training, export. `make demo-model` runs this.

    python -m audio_samples.synthesis.build_model --work build/demo_model [--minutes 120] [--out FOLDER]

Steps whose result lies in the work folder already are skipped, and an interrupted training goes on from its
last checkpoint. The shipped model is replaced only with --out; try the new one with `--model` first.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

PARTS = len(os.sched_getaffinity(0))
SHIPPED = Path(__file__).parents[2] / "qa_pipeline" / "transcript" / "demo_model"


def run(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start one step as a process of its own."""
    return subprocess.Popen([sys.executable, "-m", f"audio_samples.synthesis.{module}", *arguments])


def finish(*steps: subprocess.Popen[bytes]) -> None:
    """Wait for steps; stops with the first failure's exit code."""
    for step in steps:
        if code := step.wait():
            sys.exit(code)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument(
        "--minutes", type=float, default=120, help="wall time of the training on 2 cores; 7 do on an H200"
    )
    parser.add_argument("--out", type=Path, help="model folder; default WORK/model")
    arguments = parser.parse_args()
    work = str(arguments.work)
    out = arguments.out or arguments.work / "model"
    if not (arguments.work / "text.json").exists():
        finish(run("text", "--work", work))
    spoken = arguments.work / "speech.done"
    if not spoken.exists():
        finish(
            *(
                run("speech", "--work", work, "--part", str(part), "--parts", str(PARTS))
                for part in range(PARTS)
            )
        )
        spoken.touch()
    finish(run("train", "--work", work, "--minutes", str(arguments.minutes), "--resume"))
    finish(run("export", "--work", work, "--out", str(out)))
    if not (out / "profile.json").exists():
        shutil.copy(SHIPPED / "profile.json", out)
    print(f"the model is in {out}; measure it with: huijian transcribe --model {out} RECORDING")


if __name__ == "__main__":
    main()
