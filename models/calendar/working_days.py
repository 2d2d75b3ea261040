"""Working days between two dates, from the one calendar that the inspection uses too."""

from __future__ import annotations

from datetime import date, timedelta

from qa_pipeline.compliance.calendar import LIBRARY_ALONE, ImportedDays, works


def working_days(first: date, last: date, imported: ImportedDays = LIBRARY_ALONE) -> int | None:
    """How many days of ``first``..``last`` (both included) are working days; 0 when last lies before first.

    None when the holidays of one of the years are not known: part of the answer would be a guess. The
    schedule gap of the dossier (section 3, 进度差) is made of two such counts.
    """
    count = 0
    for offset in range((last - first).days + 1):
        working = works(first + timedelta(days=offset), imported)
        if working is None:
            return None
        count += working
    return count
