"""The toolbox's three tables: computed, overridden, looked up."""
