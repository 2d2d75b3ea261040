"""Was the meeting held on time, by the people who must be there, and well enough (R1-R12, R24)."""

from qa_pipeline.compliance.calendar import LIBRARY_ALONE, ImportedDays, Slot, slot_for, slots
from qa_pipeline.compliance.verdicts import coverage, inspection_rate, judge

__all__ = [
    "LIBRARY_ALONE",
    "ImportedDays",
    "Slot",
    "coverage",
    "inspection_rate",
    "judge",
    "slot_for",
    "slots",
]
