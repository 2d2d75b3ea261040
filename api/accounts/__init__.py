"""People who sign in, API keys, their sessions, and the audit trail of what they saw and changed."""
