"""The next action for each customer: runs, lists, and what became of them."""
