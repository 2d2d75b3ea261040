"""A month's archive: many recordings that were uploaded are inspected as one batch, behind what is fresh.

matching    which recordings belong to which meeting, by manifest or file-name pattern
service     start, pause, resume; progress and when it will be done
endpoints   the routes
"""
