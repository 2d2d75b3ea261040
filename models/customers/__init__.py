"""Customers: value, temperature and potential week by week, quadrants, inventory and sales."""
