"""Spans for OpenTelemetry, where its API is installed: one a request, one a stage of a job.

Without an SDK that sends them somewhere they cost nothing. Which one, and where to, is said the usual way:
run the service under ``opentelemetry-instrument`` with the OTEL_… variables. Names are routes and stages,
never what stood in them; of an error only its kind is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

Value = str | int | float | bool
TRACER: Final = "huijian"


class Traced:
    """A span that goes on; does nothing where none is traced."""

    def __init__(self, span: Span | None) -> None:
        self._span = span

    def tell(self, name: str | None = None, /, **attributes: Value | None) -> None:
        """Name it by what is known by now, and add what came of it; what is None is left out."""
        if self._span is None:
            return
        if name is not None:
            self._span.update_name(name)
        for key, value in attributes.items():
            if value is not None:
                self._span.set_attribute(key.replace("__", "."), value)

    def fail(self, kind: str) -> None:
        """It went wrong."""
        if self._span is not None:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_status(Status(StatusCode.ERROR, kind))


@contextmanager
def span(
    name: str, *, headers: Mapping[str, str] | None = None, **attributes: Value | None
) -> Iterator[Traced]:
    """A span around the block; ``headers`` may name the caller's own (``traceparent``)."""
    tracer = _tracer()
    if tracer is None:
        yield Traced(None)
        return
    from opentelemetry.propagate import extract

    context = extract(dict(headers)) if headers is not None else None
    quiet: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}
    with tracer.start_as_current_span(name, context=context, **quiet) as begun:
        traced = Traced(begun)
        traced.tell(**attributes)
        try:
            yield traced
        except BaseException as error:
            traced.fail(type(error).__qualname__)
            raise


@cache
def _tracer() -> Tracer | None:
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return trace.get_tracer(TRACER)
