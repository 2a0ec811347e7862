"""Codes in words: states, proofs and reasons as a treasurer would say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.messages import deferred

if TYPE_CHECKING:
    from alloc.messages import Messages

__all__ = ["WORDS", "in_words"]

WORDS = {
    # States of payments, in the order in which they are shown.
    "posted": deferred("cleared and posted"),
    "review": deferred("for review"),
    "suspense": deferred("unknown payer, in suspense"),
    "new": deferred("not decided yet"),
    "aside": deferred("no customer payment"),
    # States of decisions.
    "proposed": deferred("proposed"),
    "reversed": deferred("reversed"),
    "refused": deferred("refused"),
    # Outcomes of a decision.
    "auto": deferred("automatic"),
    "none": deferred("nothing found"),
    # Kinds of proof.
    "exact": deferred("references and amount agree"),
    "unique": deferred("the only explanation"),
    "dominant": deferred("by far the likeliest explanation"),
    "ambiguous": deferred("several explanations"),
    "over_budget": deferred("too many possibilities"),
    # Why a decision is what it is.
    "ADVICE_LINES": deferred("the payer's advice lists the items"),
    "AMOUNT_DIFFERS": deferred("the amount differs from the items named"),
    "AMOUNT_ONLY": deferred("only the amount speaks for the items"),
    "CURRENCY_DIFFERS": deferred("the currency differs"),
    "DISPUTED": deferred("an item is disputed"),
    "NO_CANDIDATE": deferred("no open item fits"),
    "PAYER_UNKNOWN": deferred("unknown payer"),
    "REFERENCES": deferred("the references name the items"),
    "REFUSED_BEFORE": deferred("this match was refused before"),
    "UNIQUE_ITEM": deferred("one item has this amount"),
    "WHOLE_BALANCE": deferred("the whole balance of the customer"),
    # What speaks for an item.
    "AMOUNT": deferred("amount"),
    "REFERENCE_PRINTED": deferred("reference as printed"),
    "REFERENCE_NORMALISED": deferred("reference, other spelling"),
    # Kinds of files.
    "bank": deferred("bank statement"),
    "customers": deferred("customers"),
    "open_items": deferred("open items"),
    "remittances": deferred("remittance advices"),
    # What a check found.
    "error": deferred("error"),
    "notice": deferred("notice"),
    # Roles of adjustments.
    "on_account": deferred("on account"),
}


def in_words(messages: Messages, code: str) -> str:
    """Say a code in words.

    Parameters
    ----------
    messages
        The language.
    code
        A state, proof, reason, kind of evidence or role.

    Returns
    -------
    str
        The words; a code that has none yet becomes plain lower-case text.
    """
    text = WORDS.get(code)
    return messages.say(text) if text else code.lower().replace("_", " ")
