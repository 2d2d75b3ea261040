"""Numbers for Prometheus: requests by route and status, their time, refused sign-ins."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Of one application in one process; other parts may register collectors of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "huijian_http_requests",
            "Answered requests.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "huijian_http_request_seconds",
            "Time until a request was answered in full.",
            ("method", "route"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "huijian_http_requests_in_progress", "Requests being answered.", registry=self.registry
        )
        self.refused_sign_ins = Counter(
            "huijian_refused_sign_ins", "Sign-ins refused, whatever the reason.", registry=self.registry
        )

    def answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; routes are templates, so that there are only so many."""
        method = method if method in _METHODS else "OTHER"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)
