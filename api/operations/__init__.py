"""What those who run the service need: structured logs, metrics, health and readiness."""
