"""Meeting slots, meetings, recordings, attendance, inspections and their scorecards, action items."""
