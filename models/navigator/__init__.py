"""客经导航仪: from a customer's state to the next best action."""
