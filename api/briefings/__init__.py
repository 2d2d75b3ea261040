"""What a manager needs before the next meeting; confirmed, it is the meeting's preparation (R24).

time_plan   minutes by chapter that a meeting can keep to (dossier section 6)
parts       rankings, people below standard, commitments: each known, or unknown with the reason
service     the briefing of a slot, and its confirmation
endpoints   the routes
"""
