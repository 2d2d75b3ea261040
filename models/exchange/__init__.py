"""Every entity as a sheet: templates, export and import, in Excel and CSV.

A file is taken whole or not at all; each mistake is told with its sheet, row and column; the same file a
second time changes nothing, because rows are known by the keys of the outside world.
"""
