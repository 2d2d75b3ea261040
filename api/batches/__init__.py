"""A month's archive: many recordings are inspected as one batch, behind what is fresh.

naming      file names by pattern
matching    the manifest, and which recordings that were uploaded it means
planning    which meetings files belong to that are not here yet
archive     the folder or bucket that the service may fetch files from
service     start, pause, resume; progress and when it will be done
arriving    a file has come in, or cannot be taken
intake      fetches from the archive, beside a worker
endpoints   the routes
"""
