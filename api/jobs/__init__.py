"""The durable workflow upload → probe → transcribe → read → score → publish.

tables      jobs, artefacts, workers, notices: the truth
service     start, cancel, retry a job (what routes and uploads call); knows no engine
stages      what each stage does; each first looks for its artefact
child       transcribes and reads in a process of its own, which can be killed
engine      the workflow on the durable engine; with `worker` the only place that imports it
worker      one worker process: hands waiting jobs to the engine, takes over from dead workers
endpoints   the routes
"""
