"""From a customer's state to the one next action."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from models.navigator.conditions import CustomerState, facts
from models.navigator.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do, why, until when, and what a wish not to be contacted leaves allowed (None: no wish)."""

    rule: str
    action: str
    reason: str
    due_on: date
    contact_limit: str | None = None


def advise(state: CustomerState, rules: Rules, *, resting: Collection[str] = ()) -> Advice | None:
    """The rule of highest priority that applies, or None (dossier section 3, navigator).

    Rules that rest (done or dismissed lately) are passed over, and for a customer who must not be contacted
    all but service duties. The reason names the other rules that apply too.
    """
    applying = [
        (rule, said)
        for rule in rules.rules
        if rule.id not in resting and (rule.service_duty or not state.do_not_contact)
        if (said := facts(rule.when, state)) is not None
    ]
    if not applying:
        return None
    (first, said), *others = applying
    reason = f"{'，'.join(said)}：{first.because}"
    if others:
        reason += f"另符合“{'”“'.join(rule.label for rule, _ in others)}”，按优先级先做本项。"
    limit = f"客户已退订营销联系，仅限本项服务：{first.service_duty}。" if state.do_not_contact else None
    return Advice(
        rule=first.id,
        action=first.action,
        reason=reason,
        due_on=state.on + timedelta(days=first.due_in_days),
        contact_limit=limit,
    )
