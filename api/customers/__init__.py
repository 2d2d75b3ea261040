"""Customers: lists, quadrants and their movement, inventory, contacts and sales."""
