"""What was said, when and by whom: speech engine, clean-up, speakers, and the transcript file formats.

Nothing is imported here: each part loads what it needs when it is used, and the command line answers at once.
"""
