"""The values that flow through an inspection, one module for each stage, in the order of the flow.

    recording -> transcript -> chapters -> findings -> scorecard -> compliance -> inspection

``vocabulary`` holds the words they share, ``facts`` what is known of a meeting from elsewhere, ``reader`` who
read it, ``written`` how a moment and a score are written. Every value is a frozen dataclass of plain, typed,
JSON-serialisable parts and names the version of what made it, so each stage can be stored, re-run alone and
compared. Times are seconds from the start of the meeting's first recording part; intervals are half-open.
``None`` always means *unknown*, never zero.
"""
