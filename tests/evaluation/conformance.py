"""The API against its own description with many requests an operation (``make soak``).

python -m tests.evaluation.conformance [--examples 30] [--seed 2] [--backend sqlite|postgresql] [--only PATH]
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from api.app import create_app
from api.database import migrate
from api.settings import Settings
from models.database import connect
from tests.api.conformance import explore
from tests.evaluation.soak import database


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--examples", type=int, default=30)
    asked.add_argument("--seed", type=int, default=2)
    asked.add_argument("--backend", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--only", default="", help="operations whose method or path has this in it")
    options = asked.parse_args()
    logging.disable()
    with (
        tempfile.TemporaryDirectory(prefix="huijian_conformance_", ignore_cleanup_errors=True) as name,
        database(options.backend, Path(name)) as url,
    ):
        engine = connect(url)
        migrate(engine)
        app = create_app(Settings(data_folder=Path(name), requests_per_minute=10**7), engine=engine)
        wrong = explore(
            app,
            engine,
            examples=options.examples,
            random_seed=options.seed,
            only=lambda label: options.only in label,
        )
        engine.dispose()
    print("\n".join([*wrong, f"{len(wrong)} ways in which an answer is not as described"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
