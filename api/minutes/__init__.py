"""After the meeting: what was said in which chapter, what was decided, who does what by when, what to copy.

service     the minutes of a meeting, masked unless the reader may see all
document    the same as a Word document
clip        the sound of one practice
endpoints   the routes
"""
