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
    # States of bank entries.
    "booked": deferred("booked"),
    "pending": deferred("pending"),
    "information": deferred("information"),
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
    # Why a decision is what it is: the engine's reasons.
    "ADVICE_LINES": deferred("the payer's advice lists the items"),
    "ADVICE_OVER_LIMIT": deferred("the advice has too many lines"),
    "AMBIGUOUS": deferred("several sets of items fit"),
    "AMOUNT_LESS": deferred("less was paid than the items named"),
    "AMOUNT_MORE": deferred("more was paid than the items named"),
    "AMOUNT_ONLY": deferred("only the amount speaks for the items"),
    "COMBINATIONS_OVER_LIMIT": deferred("too many combinations to try"),
    "DEDUCTION_EXPLAINED": deferred("one deduction explains the difference"),
    "DEDUCTION_NEEDS_RULE": deferred("the payer deducts, and no rule says why"),
    "DEDUCTION_SUSPECTED": deferred(
        "a deduction or an overpayment explains the difference"
    ),
    "FOUR_EYES": deferred("so large that two people must accept it"),
    "ITEM_CONTESTED": deferred("another payment wants the same item"),
    "ITEM_DISPUTED": deferred("an item is disputed"),
    "ITEM_KIND_NEEDS_REVIEW": deferred("an item of a kind that needs a person"),
    "NO_EXPLANATION": deferred("nothing makes up the amount"),
    "NO_OPEN_ITEMS": deferred("the payer has no open item"),
    "OVER_ERROR_BUDGET": deferred("not sure enough for an automatic decision"),
    "PAYER_AMBIGUOUS": deferred("several customers may be the payer"),
    "PAYER_UNKNOWN": deferred("unknown payer"),
    "REFERENCES": deferred("the references name the items"),
    "REFERENCES_AND_AMOUNT": deferred("references and amount agree"),
    "TEXT_OVER_LIMIT": deferred("the text is too long"),
    "UNIQUE_AMOUNT": deferred("no other items have this amount"),
    "UNIQUE_ITEM": deferred("one item has this amount"),
    "WHOLE_BALANCE": deferred("the whole balance of the customer"),
    # What rules say.
    "HISTORY_UNKNOWN": deferred(
        "nobody knows what a late item was charged when a part of it was paid"
    ),
    "ITEMS_AMBIGUOUS": deferred("a rule fits several sets of items"),
    "PAYMENT_RETURNED": deferred("the bank took this payment back before"),
    "RETURNED": deferred("the bank took a payment back"),
    "RETURN_NOT_PLAIN": deferred("a payment came back that did more than clear items"),
    "RULE": deferred("a rule explains the difference"),
    "RULE_FITS": deferred("a rule fits and waits for a click"),
    "RULE_NOT_POSTED": deferred(
        "a rule fits and cannot be posted: alloc apply says why"
    ),
    "RULES_AMBIGUOUS": deferred("several rules fit"),
    "VAT_UNKNOWN": deferred("the VAT of an item is not known: import it"),
    "VALUES_AMBIGUOUS": deferred("a rule fits in several ways"),
    # Whether a rule posts alone.
    "active": deferred("yes"),
    "inactive": deferred("not activated"),
    "changed": deferred("changed since it was activated"),
    "manual": deferred("no"),
    # Decisions of people.
    "ACCEPTED": deferred("a proposal was accepted"),
    "CHOSEN_BY_PERSON": deferred("chosen by a person"),
    "ON_ACCOUNT_BY_PERSON": deferred("put on account by a person"),
    "MATCH_UNDONE": deferred("its match was undone"),
    "NEXT_AFTER_REFUSED": deferred("a likelier match was refused before"),
    "REFUSED_BEFORE": deferred("every match found was refused before"),
    # What speaks for an item.
    "ADVICE_LINE": deferred("line of the advice"),
    "AMOUNT": deferred("amount"),
    "PAYER_GIVEN": deferred("payer named"),
    "PAYER_IBAN": deferred("payer's account"),
    "PAYER_NAME": deferred("payer's name"),
    "PAYER_REFERENCES": deferred("payer's references"),
    "REFERENCE_LISTED": deferred("reference in a list"),
    "REFERENCE_NEAR": deferred("nearly the reference"),
    "REFERENCE_PRINTED": deferred("reference as printed"),
    "REFERENCE_TRIMMED": deferred("reference, shortened"),
    # Why an advice is for no payment yet.
    "ADVICE_AMBIGUOUS": deferred("it fits several payments or advices"),
    "ADVICE_SPLIT_UNCLEAR": deferred(
        "it covers several, and which line is for which is not certain"
    ),
    "ADVICE_TOTAL_DIFFERS": deferred(
        "it covers several, and its lines do not make its total"
    ),
    # Why a bank entry is no payment.
    "DEBIT": deferred("money that left"),
    "INTRADAY": deferred("intraday report only"),
    "NOTIFICATION": deferred("notification only"),
    "PENDING": deferred("not booked yet"),
    "REVERSAL": deferred("reversal by the bank"),
    "ZERO": deferred("nothing was paid"),
    # Kinds of files.
    "bank": deferred("bank statement"),
    "clearings": deferred("clearings"),
    "customers": deferred("customers"),
    "open_items": deferred("open items"),
    "remittances": deferred("remittance advices"),
    "statement": deferred("bank statement"),
    # What a check found.
    "error": deferred("error"),
    "warning": deferred("warning"),
    "notice": deferred("notice"),
    # Roles of adjustments.
    "on_account": deferred("on account"),
    "customer": deferred("customer"),
    "retention": deferred("contract retention"),
    "doubtful": deferred("doubtful"),
    "deposit_received": deferred("deposit received"),
    "supplier": deferred("supplier"),
    "factor": deferred("factor"),
    "factor_guarantee": deferred("guarantee fund of the factor"),
    "intercompany": deferred("intercompany"),
    "vat_collected": deferred("VAT collected"),
    "vat_collected_pending": deferred("VAT collected, pending"),
    "vat_deductible": deferred("deductible VAT"),
    "vat_deductible_pending": deferred("deductible VAT, pending"),
    "vat_awaiting_invoice": deferred("VAT awaiting its invoice"),
    "vat_regularisation": deferred("VAT to be regularised"),
    "tax_credit": deferred("tax credit"),
    "commission": deferred("commission"),
    "factor_commission": deferred("commission of the factor"),
    "bank_charges": deferred("bank charges"),
    "foreign_tax": deferred("foreign tax"),
    "bad_debt": deferred("bad debt"),
    "bad_debt_recovered": deferred("bad debt recovered"),
    "fx_loss": deferred("exchange loss"),
    "rounding_loss": deferred("payment difference, loss"),
    "discount_granted": deferred("discount granted"),
    "financing_charge": deferred("financing charge"),
    "service_rebate": deferred("rebate granted"),
    "rebilled_charges": deferred("re-billed charges"),
    "fx_gain": deferred("exchange gain"),
    "recovery_indemnity": deferred("recovery indemnity"),
    "rounding_gain": deferred("payment difference, gain"),
    "late_interest": deferred("late-payment interest"),
    # What of a history cannot be compared, or is odd.
    "CLEARED_AGAINST_REFERENCES": deferred(
        "cleared otherwise than the references say (counted as wrong)"
    ),
    "CLEARED_AGAINST_RULE": deferred(
        "cleared otherwise than an active rule says (counted as wrong)"
    ),
    "CUSTOMERS_CHANGED": deferred("customers are numbered otherwise from then on"),
    "PAYMENT_ABROAD": deferred("payments in another currency than the books"),
    "REFERENCES_CHANGED": deferred("documents are numbered otherwise from then on"),
    "STATEMENTS_MISSING": deferred("receipts of days that no statement tells of"),
    "CLEARED_ABROAD": deferred("cleared in another currency than the books"),
    "CLEARED_BEFORE_ISSUED": deferred("paid before the item was booked"),
    "LETTER_SEVERAL_RECEIPTS": deferred("several payments clear several items"),
    "LETTER_UNBALANCED": deferred("lettered lines that do not balance"),
    "NO_LETTER": deferred("receipts without a letter"),
    "RECEIPT_AMBIGUOUS": deferred("receipts that several bank entries may be"),
    "RECEIPT_NOT_FOUND": deferred("receipts that are on no statement"),
    "BANK_ACCOUNT_UNKNOWN": deferred("money on bank accounts that no entity has"),
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
