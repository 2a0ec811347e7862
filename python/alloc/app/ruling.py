"""What the rules say of the payments that the engine leaves open."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.always import is_beside, items_due, vat_beside, with_vat_due
from alloc.app.apply import draft_outcome
from alloc.app.fitting import fits_all_named, search_items, try_rule
from alloc.app.refused import REFUSED_BEFORE
from alloc.app.shelf import Shelf
from alloc.app.situations import Facts, is_named, linked_customer, sets_of
from alloc.errors import InputError
from alloc.rules import explain_by_one
from alloc.rules.matching import misfit
from alloc.rules.model import Book, Posting
from alloc.rules.searching import is_searchable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from alloc.app.apply import Preview
    from alloc.app.fitting import Tried
    from alloc.app.refused import Refused
    from alloc.app.rule_drafting import RuleDrafts
    from alloc.app.situations import CollectedVat, ItemHistory
    from alloc.engine import Proposal
    from alloc.rules import Outcome, Rule
    from alloc.settings import Settings

    #: A row of a table, by column.
    Row = Mapping[str, Any]
    #: One way to try rules on what is known of a payment.
    Try = Callable[[Facts, Sequence[Rule]], list[tuple[Rule, Tried]]]

__all__ = ["Ruled", "Ruling", "by_customer", "concern"]

#: A rule fits, and a person confirms.
RULE_FITS = "RULE_FITS"
#: A rule fits, and what it explains cannot be drafted: `alloc apply` says why.
RULE_NOT_POSTED = "RULE_NOT_POSTED"
#: A late item was paid in part, and nobody knows what it was charged.
HISTORY_UNKNOWN = "HISTORY_UNKNOWN"
#: An item's VAT falls due, and nobody knows how much it is.
VAT_UNKNOWN = "VAT_UNKNOWN"
#: The engine's reason for a gap that a kind of deduction explains.
BUILT_IN = "DEDUCTION_EXPLAINED"
#: What the engine decides by itself.
AUTO = "auto"


def by_customer(customers: pa.Table) -> dict[str, Row]:
    """Return customers by id; columns of `alloc.app.ports.Ledger.customers`."""
    return {row["customer_id"]: row for row in customers.to_pylist()}


def concern(rules: Iterable[Rule], decision: Row) -> bool:
    """Say whether rules may have a say after a decision of the engine."""
    is_open = decision["status"] != AUTO or decision["reason"] == BUILT_IN
    return is_open or any(rule.always for rule in rules)


class Ruled(NamedTuple):
    """What the rules decide on a day's payments.

    Parameters
    ----------
    posted
        What exactly one rule explains that may post alone.
    noted
        Payment -> (rules, reason) for the review.
    beside
        Adjustments that go with what the engine decides: VAT that falls due.
    """

    posted: list[Preview]
    noted: dict[str, tuple[str, str]]
    beside: list[dict[str, Any]]

    def ids(self) -> list[str]:
        """Name the payments that rules post."""
        return [shown.payment["payment_id"] for shown in self.posted]


class Ruling:
    """The rules of a workspace, ready for the payments of a run.

    Parameters
    ----------
    settings
        Accounts and journals.
    rules
        All rules; those with posting ``never`` are left out.
    customers
        By id, as `by_customer` gives them.
    today
        The day of the run.
    collected
        VAT that is due already; `keep` adds to it.
    history
        Reads what earlier payments took off items, and charged them.
    refused
        What a person said no to: no rule makes it again.
    """

    def __init__(
        self,
        settings: Settings,
        rules: Sequence[Rule],
        customers: Mapping[str, Row],
        *,
        today: dt.date,
        collected: CollectedVat,
        history: Callable[[Iterable[Mapping[str, Any]]], ItemHistory],
        refused: Refused,
    ) -> None:
        self._settings, self._today = settings, today
        self._refused = refused
        self._read_history, self._history = history, history(())
        self.collect(collected)
        self._rules = [
            rule
            for rule in rules
            if rule.posting is not Posting.NEVER and rule.when.direction != "none"
        ]
        self._customers = customers
        self._linked = sorted({rule.link.entity for rule in self._rules if rule.link})
        self.members = sorted(
            {member for rule in self._rules for member in rule.when.members}
        )

    def collect(self, collected: CollectedVat) -> None:
        """Set what VAT is due already."""
        self._collected = {key: dict(rates) for key, rates in collected.items()}

    @property
    def collected(self) -> CollectedVat:
        """What VAT is due already, with what was decided since."""
        return self._collected

    def decide(
        self,
        payments: pa.Table,
        proposal: Proposal,
        items: pa.Table,
        shelf: Shelf | None = None,
    ) -> Ruled:
        """Try the rules on the payments that are not decided.

        Parameters
        ----------
        payments
            Of the day, as the ledger has them.
        proposal
            What the engine says of them.
        items
            What is open that day.
        shelf
            As `shelf` makes it, when it is there.

        Returns
        -------
        Ruled
            Items that a payment before takes are left out for the next one.
        """
        ruled = Ruled([], {}, [])
        if not self._rules:
            return ruled
        deducting = _deducting(proposal)
        decisions = {
            row["payment_id"]: row | {"deducts": row["payment_id"] in deducting}
            for row in proposal.decisions.to_pylist()
            if concern(self._rules, row)
        }
        mine = payments.filter(
            pc.is_in(
                payments["payment_id"], value_set=pa.array(list(decisions), pa.string())
            )
        )
        ranks = _ranks(proposal.allocations, decisions)
        evidenced = _evidenced(proposal.allocations)
        used = _used(proposal)
        shelf = shelf or self.shelf(mine, proposal, items)
        self._history = self._read_history(shelf.all_rows())
        for payment in mine.to_pylist():
            decision = decisions[payment["payment_id"]]
            proposed = ranks[payment["payment_id"]]
            is_auto = decision["status"] == AUTO
            if is_auto:
                proposed = {0: proposed.get(0, [])}
            own = {(payment["entity"], item_id) for item_id in proposed.get(0, ())}

            def is_taken(
                key: tuple[str, str],
                own: Collection[tuple[str, str]] = own if is_auto else (),
            ) -> bool:
                return key in used and key not in own

            facts = self._facts(
                payment, decision["customer_id"], proposed, shelf, is_taken
            )
            facts = replace(
                facts,
                evidenced=evidenced[payment["payment_id"]],
                sets=facts.sets[:1] if is_auto else facts.sets,
            )
            rules = self._rules_for(facts)
            for try_on, some in self._rounds(decision, facts, rules):
                if self._decide_one(facts, try_on(facts, some), ruled, used):
                    break
            else:
                self._ask_for_vat(decision, facts, rules, ruled)
                self._add_vat(decision, facts, rules, proposal, ruled)
        return ruled

    def shelf(
        self,
        payments: pa.Table,
        proposal: Proposal,
        items: pa.Table,
        members: Collection[str] = (),
    ) -> Shelf:
        """Read the items that payments of a day may ask for, all at once.

        Parameters
        ----------
        payments, proposal, items
            As for `decide`.
        members
            Of other rulings that are asked about them.
        """
        parties, named = self.asked(payments, proposal)
        return Shelf(items, parties.union(members), named)

    def asked(
        self, payments: pa.Table, proposal: Proposal
    ) -> tuple[set[str], set[str]]:
        """Return the parties whose items payments may ask for, and items beside them.

        Parameters
        ----------
        payments, proposal
            As for `decide`.
        """
        ids = payments["payment_id"]
        decided = pc.is_in(proposal.decisions["payment_id"], value_set=ids)
        parties = set(self.members)
        for customer_id in (
            proposal.decisions["customer_id"].filter(decided).to_pylist()
        ):
            parties |= self._parties(customer_id)
        proposed = pc.is_in(proposal.allocations["payment_id"], value_set=ids)
        named = proposal.allocations["item_id"].filter(proposed).to_pylist()
        return parties, set(named)

    def decide_out(
        self, entries: pa.Table, facts_of: Callable[[str], Facts]
    ) -> list[Preview]:
        """Try the rules on money that goes out; return what one of them posts.

        Parameters
        ----------
        entries
            Bank entries that are debits, as the ledger has them.
        facts_of
            Reads what is known of one of them.
        """
        rules = [
            rule
            for rule in self._rules
            if rule.when.direction != "in" and rule.posting is Posting.AUTO
        ]
        ruled = Ruled([], {}, [])
        for entry in entries.to_pylist() if rules else ():
            facts = Facts(entry, None, {}, {}, ())
            fit = [rule for rule in rules if misfit(rule, facts.bare) is None]
            if fit:
                facts = facts_of(entry["payment_id"])
                self._decide_one(facts, self._tried(facts, fit), ruled, set())
        return ruled.posted

    def _rules_for(self, facts: Facts) -> list[Rule]:
        """Return the rules that are for a payment, whatever it clears."""
        return [rule for rule in self._rules if misfit(rule, facts.bare) is None]

    def _rounds(
        self, decision: Mapping[str, Any], facts: Facts, rules: Sequence[Rule]
    ) -> list[tuple[Try, list[Rule]]]:
        """Return the rules to try and how, and those to try when none of them fits.

        A rule of the company goes before what the engine explains by itself: on the
        items at hand, then on others that make up the cash. What nothing else
        explains comes after them, and last what goes with every clearing: alone where
        no other rule fits.
        """
        beside = [rule for rule in rules if is_beside(rule)]
        own = [
            with_vat_due(rule, beside, facts, self._settings)
            for rule in rules
            if not is_beside(rule)
        ]
        if decision["deducts"]:
            beside = []  # It is no part payment: VAT goes with the engine's own lines.
        if decision["status"] == AUTO:
            built_in = decision["reason"] == BUILT_IN
            mine = [r for r in own if r.always or (built_in and not r.fallback)]
            return [(self._tried, mine), (self._tried, beside)]
        first = [rule for rule in own if not rule.fallback]
        last = [rule for rule in own if rule.fallback]
        return [
            (self._tried, first),
            (self._searched, first),
            (self._tried, last),
            (self._tried, beside),
        ]

    def _tried(self, facts: Facts, rules: Iterable[Rule]) -> list[tuple[Rule, Tried]]:
        """Try rules on the sets of items at hand."""
        return [(rule, try_rule(self._settings, rule, facts)) for rule in rules]

    def _searched(
        self, facts: Facts, rules: Iterable[Rule]
    ) -> list[tuple[Rule, Tried]]:
        """Try rules on the sets that the exact core finds, when one is the only one."""
        found = [(rule, search_items(self._settings, rule, facts)) for rule in rules]
        known = [
            (rule, tried)
            for rule, tried in found
            if tried is not None and not self._was_refused(facts, tried)
        ]
        is_one = any(tried.situation is not None for _, tried in known)
        return known if is_one else []

    def _decide_one(
        self,
        facts: Facts,
        tried: Sequence[tuple[Rule, Tried]],
        ruled: Ruled,
        used: set[tuple[str, str]],
    ) -> bool:
        """Decide by what rules say of one payment; say whether any of them fits."""
        fits = [pair for pair in tried if pair[1].outcome.status != "none"]
        payment_id = facts.payment["payment_id"]
        if not fits:
            unsure = _in_the_dark(tried)
            if unsure:
                ruled.noted[payment_id] = unsure[0]
            return bool(unsure)
        outcome: Outcome = explain_by_one([one.outcome for _, one in fits])
        rule, result = fits[0]
        if len(fits) > 1 or outcome.status != "explained":
            ruled.noted[payment_id] = (outcome.rule, outcome.reason)
        elif (
            rule.posting is not Posting.AUTO
            or needs_party(rule, facts)
            or not self._is_sure(rule, facts, result)
        ):
            ruled.noted[payment_id] = (outcome.rule, RULE_FITS)
        else:
            self._draft(rule, facts, result, ruled, used)
        return True

    def _was_refused(self, facts: Facts, tried: Tried) -> bool:
        case = tried.situation
        entity, payment_id = facts.payment["entity"], facts.payment["payment_id"]
        return case is not None and self._refused.has(
            payment_id, ((entity, item.item_id) for item in case.items)
        )

    def _is_sure(self, rule: Rule, facts: Facts, tried: Tried) -> bool:
        """Say whether the items are those that were paid, not some that amounts chose.

        They are named, or all that is open; of others there is no second set. A part of
        what is named is not sure where all of it fits as well, nor is a debt that is
        set off before it is due.
        """
        policy = self._settings.policy
        if _sets_off_early(tried):
            return False
        if tried.chance_ppm:
            return policy.amount_only and tried.chance_ppm <= policy.max_wrong_ppm
        case = tried.situation
        if case is None:
            return True
        chosen = {item.item_id for item in case.items}
        if chosen < facts.named and fits_all_named(rule, facts, case):
            return False
        if (
            not is_searchable(rule)
            or chosen <= facts.named
            or chosen >= {item.item_id for item in facts.pool}
        ):
            return True
        found = search_items(self._settings, rule, facts)
        return found is not None and found.situation == case

    def _ask_for_vat(
        self,
        decision: Mapping[str, Any],
        facts: Facts,
        rules: Sequence[Rule],
        ruled: Ruled,
    ) -> None:
        """Leave to a person what would be posted without the VAT that it makes due."""
        if decision["status"] != AUTO:
            return
        for rule in filter(is_beside, rules):
            outcome = try_rule(self._settings, rule, facts).outcome
            if outcome.reason == VAT_UNKNOWN:
                payment_id = facts.payment["payment_id"]
                ruled.noted[payment_id] = (rule.name, VAT_UNKNOWN)

    def _add_vat(
        self,
        decision: Mapping[str, Any],
        facts: Facts,
        rules: Sequence[Rule],
        proposal: Proposal,
        ruled: Ruled,
    ) -> None:
        """Make due the VAT of what the engine clears with a deduction of its own."""
        payment_id = facts.payment["payment_id"]
        if not decision["deducts"] or decision["status"] != AUTO:
            return
        if payment_id in ruled.noted:
            return
        items = items_due(rules, facts, self._settings)
        if not items:
            return
        if facts.is_abroad:
            # Its VAT is in our currency: a person's click works it out.
            beside = next(filter(is_beside, rules))
            ruled.noted[payment_id] = (beside.name, RULE_FITS)
            return
        rows = proposal.allocations
        mine = pc.equal(rows["payment_id"], payment_id)
        taken = rows.filter(pc.and_(mine, pc.equal(rows["rank"], 0)))
        names = taken["item_id"].to_pylist()
        paid = dict(zip(names, taken["allocated_minor"].to_pylist(), strict=True))
        ruled.beside.extend(vat_beside(payment_id, items, paid))
        self._keep_vat(facts.payment["entity"], paid, ruled.beside)

    def _draft(
        self,
        rule: Rule,
        facts: Facts,
        result: Tried,
        ruled: Ruled,
        used: set[tuple[str, str]],
    ) -> None:
        """Draft what a rule explains; what cannot be drafted is for a person."""
        payment_id = facts.payment["payment_id"]
        try:
            shown = draft_outcome(
                self._settings, rule, facts, result, today=self._today
            )
        except InputError:
            ruled.noted[payment_id] = (rule.name, RULE_NOT_POSTED)
            return
        if shown.drafts is not None and self._refused.has(
            payment_id, _keys(shown.drafts.allocations)
        ):
            ruled.noted[payment_id] = (rule.name, REFUSED_BEFORE)
            return
        ruled.posted.append(shown)
        if shown.drafts is not None:
            used.update(_keys(shown.drafts.allocations))

    def _parties(self, customer_id: str | None) -> set[str]:
        """Return a customer, and what we owe it as."""
        customer = self._customers.get(customer_id or "", {})
        parties = (customer_id, customer.get("supplier_id"))
        return {party for party in parties if party is not None}

    def _facts(
        self,
        payment: Mapping[str, Any],
        customer_id: str | None,
        ranks: Mapping[int, Sequence[str]],
        shelf: Shelf,
        is_taken: Callable[[tuple[str, str]], bool],
    ) -> Facts:
        named = {item_id for chosen in ranks.values() for item_id in chosen}
        parties = sorted(self._parties(customer_id) | set(self.members))
        rows = shelf.rows(
            payment, payment["entity"], parties, sorted(named), is_taken=is_taken
        )
        customer_id = customer_id or linked_customer(
            ranks.get(0, ()), rows, self._customers
        )
        own = () if customer_id is None else (customer_id,)
        elsewhere = {
            other: shelf.rows(payment, other, own, is_taken=is_taken)
            for other in self._linked
        }
        return Facts(
            payment,
            customer_id,
            self._customers.get(customer_id or "", {}),
            rows,
            tuple(
                chosen
                for chosen in sets_of(ranks, rows, customer_id)
                if not self._refused.has(
                    payment["payment_id"], ((payment["entity"], key) for key in chosen)
                )
            ),
            elsewhere=elsewhere,
            collected=self._collected,
            history=self._history,
        )

    def keep(self, drafts: RuleDrafts) -> None:
        """Remember the VAT that a posted rule made due."""
        paid: dict[str, dict[str, int]] = defaultdict(dict)
        for row in drafts.allocations.to_pylist():
            paid[row["entity"]][row["item_id"]] = row["allocated_minor"]
        for entity, items in paid.items():
            self._keep_vat(entity, items, drafts.adjustments.to_pylist())

    def _keep_vat(
        self,
        entity: str,
        paid: Mapping[str, int],
        adjustments: Iterable[Mapping[str, Any]],
    ) -> None:
        """Remember the VAT that adjustments make due of what is paid of items."""
        for row in adjustments:
            if row["role"] != "vat_collected" or row["item_id"] not in paid:
                continue
            allocated = paid[row["item_id"]]
            rates = self._collected.setdefault((entity, row["item_id"]), {})
            minor, by = rates.get(row["rate_ppm"], (0, 0))
            rates[row["rate_ppm"]] = (minor - row["amount_minor"], by + allocated)


def _sets_off_early(tried: Tried) -> bool:
    """Say whether a debt of ours is set off before it is due."""
    case = tried.situation
    if case is None:
        return False
    taken = {item_id for way in tried.outcome.explanations for item_id, _ in way.offset}
    return any(
        debt.due_date is not None and debt.due_date > case.payment.date
        for debt in case.supplier_items
        if debt.item_id in taken
    )


def _in_the_dark(
    tried: Iterable[tuple[Rule, Tried]],
) -> list[tuple[str, str]]:
    """List the rules for every payment that would have to know an item's past."""
    return [
        (rule.name, one.outcome.reason)
        for rule, one in tried
        if rule.always and one.outcome.reason == HISTORY_UNKNOWN
    ]


def needs_party(rule: Rule, facts: Facts) -> bool:
    """Say whether a person must name whose item a rule opens."""
    return any(
        not part.party
        and (
            (part.book is Book.ITEM and facts.customer_id is None)
            or (part.book is Book.TRANSFER and part.role == "customer")
        )
        for part in rule.components
    )


def _ranks(
    allocations: pa.Table, payments: Collection[str]
) -> Mapping[str, dict[int, list[str]]]:
    """Return the proposed items by payment and rank."""
    ranks: dict[str, dict[int, list[str]]] = defaultdict(dict)
    mine = pc.is_in(
        allocations["payment_id"], value_set=pa.array(list(payments), pa.string())
    )
    for row in allocations.filter(mine).to_pylist():
        ranks[row["payment_id"]].setdefault(row["rank"], []).append(row["item_id"])
    return ranks


def _evidenced(allocations: pa.Table) -> Mapping[str, frozenset[str]]:
    """Return the items that text or advice name, by payment."""
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    codes = allocations["evidence"].unique()
    named = pa.array(
        [code for code in codes.to_pylist() if is_named(code)], pa.string()
    )
    mine = allocations.filter(pc.is_in(allocations["evidence"], value_set=named))
    for row in mine.select(["payment_id", "item_id"]).to_pylist():
        found[row["payment_id"]] |= {row["item_id"]}
    return found


def _deducting(proposal: Proposal) -> set[str]:
    """Return the payments of which the engine explains a part by a deduction."""
    rows = proposal.adjustments
    first = pc.equal(rows["rank"], 0)
    booked = pc.and_(first, pc.not_equal(rows["role"], "on_account"))
    return set(rows.filter(booked)["payment_id"].to_pylist())


def _used(proposal: Proposal) -> set[tuple[str, str]]:
    """Return the items that automatic decisions of the day take."""
    auto = proposal.decisions.filter(pc.equal(proposal.decisions["status"], AUTO))
    rows = proposal.allocations
    mine = pc.and_(
        pc.equal(rows["rank"], 0),
        pc.is_in(rows["payment_id"], value_set=auto["payment_id"]),
    )
    return _keys(rows.filter(mine))


def _keys(allocations: pa.Table) -> set[tuple[str, str]]:
    return set(
        zip(
            allocations["entity"].to_pylist(),
            allocations["item_id"].to_pylist(),
            strict=True,
        )
    )
