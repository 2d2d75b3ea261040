"""Files and other systems' rows in, tables out: templates, imports with every problem, exports, cursors."""
