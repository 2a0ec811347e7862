"""What payers write: references their own way, phrases, decoys, names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alloc.demo import words
from alloc.demo.behaviours import BEHAVIOURS, INDEX, Carrier
from alloc.demo.customers import CustomerType, payer_iban
from alloc.demo.items import ItemKind
from alloc.demo.plan import day_number, from_day_number, structured_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alloc.demo.plan import Plan

NOT_PROVIDED = "NOTPROVIDED"
LINE_MAX = 140
_NARROW_LINE = 35
_BULK_LINES_MAX = 60
_LABELS = ("FACT", "FA", "FACTURE", "N.", "FACT N.", "REF", "INV", "VOTRE FACTURE")
_JOINERS = (" ", " ", ", ", "/", " + ", " ET ")
_NOTHING = (
    "", "", "VIREMENT", "REGLEMENT", "REGLEMENT FACTURE", "VIR INSTANTANE",
    "ENTRETIEN VEHICULE", "MERCI", "PAIEMENT FACTURE ATELIER",
)  # fmt: skip
_BALANCE = (
    "", "SOLDE COMPTE", "SOLDE DE NOTRE COMPTE", "REGLEMENT RELEVE", "VOTRE RELEVE",
)  # fmt: skip
_STRANGE = (
    "", "REPARATION VOITURE", "FACTURE", "VIREMENT WEB", "POUR LE GARAGE",
    "REGLEMENT SUIVANT DEVIS",
)  # fmt: skip
_WITHOUT_REFERENCES = {
    INDEX["no_text"]: _NOTHING,
    INDEX["no_text_several"]: _NOTHING,
    INDEX["twins"]: _NOTHING,
    INDEX["whole_balance"]: _BALANCE,
    INDEX["unknown_payer"]: _STRANGE,
}
_SLIP_EVERY = 250
_HABIT_PERCENT = 92


@dataclass(frozen=True, slots=True)
class Mention:
    """One referred document of a structured remittance."""

    reference: str
    credit_note: bool
    amount_minor: int
    day: int


@dataclass(slots=True)
class Message:
    """What travels with one payment."""

    name: str
    iban: str
    end_to_end_id: str = NOT_PROVIDED
    lines: list[str] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    creditor_reference: str = ""


def cut_lines(text: str, width: int) -> list[str]:
    """Cut a text into lines, also inside words, as payment systems do.

    A line neither starts nor ends with a blank; such a blank is a part of no line.
    """
    lines: list[str] = []
    rest = text.strip()
    while rest:
        lines.append(rest[:width].rstrip())
        rest = rest[width:].lstrip()
    return lines


def write_reference(printed: str, habit: int) -> str:
    """Write a reference as this payer does.

    Parameters
    ----------
    printed
        ``ANA0012345`` or ``AN-M-012345``.
    habit
        0 ... 999; most copy it, some drop separators, the site or the letters.

    Examples
    --------
    >>> write_reference("AN-M-012345", 700)
    'ANM012345'
    >>> write_reference("ANA0012345", 950)
    '12345'
    """
    bare = printed.replace("-", "")
    bounds = (640, 740, 790, 850, 920)
    forms = (
        printed,
        bare,
        f"{bare[:2]} {bare[2:]}",
        bare[2:],
        bare[3:],
        bare[3:].lstrip("0"),
    )
    return forms[sum(habit >= bound for bound in bounds)]


def write_references(
    printed: Sequence[str], habits: Sequence[int], draws: Sequence[int]
) -> str:
    """Write a list of references with this payer's label, joiner and letter case."""
    faithful = draws[2] % 100 < _HABIT_PERCENT
    written = [write_reference(ref, habits[0] if faithful else 0) for ref in printed]
    if draws[2] % _SLIP_EVERY == 0 and written[0][-1].isdigit():
        written[0] = written[0][:-1] + str(
            (int(written[0][-1]) + 1 + draws[3] % 9) % 10
        )
    label = "" if habits[1] < 400 else _LABELS[habits[1] % len(_LABELS)]  # noqa: PLR2004
    glue = "" if habits[2] < 250 else " "  # noqa: PLR2004
    joiner = _JOINERS[habits[3] % len(_JOINERS)]
    if label and habits[2] % 2:
        text = joiner.join(f"{label}{glue}{reference}" for reference in written)
    else:
        text = f"{label}{glue if label else ''}{joiner.join(written)}"
    return text.lower() if habits[4] < 60 else text  # noqa: PLR2004


def decoy(draw: int, day: int) -> str:
    """Write something that looks like a reference and is none."""
    digits = draw // 8
    when = from_day_number(day - digits % 40)
    choices = (
        f"CDE {4_500_000_000 + digits % 10**7}",
        f"DU {when:%d/%m/%Y}",
        f"TEL 06{digits % 10**8:08d}",
        f"IMMAT {_plate(digits)}",
        f"BC {digits % 900_000 + 100_000}",
        f"OR {digits % 90_000 + 10_000}",
        f"CTR {digits % 10**8:08d}",
        f"{when:%d%m%y}",
    )
    return choices[draw % 8]


def _plate(digits: int) -> str:
    letters = "ABCDEFGHJKLMNPQRSTVWXYZ"
    a, b, c, d = (letters[digits // 23**power % 23] for power in range(4))
    return f"{a}{b}-{digits % 900 + 100}-{c}{d}"


def payer_name(plan: Plan, payment: int, draws: Sequence[int]) -> str:
    """Give the payer's name as the bank prints it."""
    payer = int(plan.payments.payer[payment])
    if payer < 0:
        if draws[4] % 3:
            return words.ascii_upper(words.person(draws[5], draws[6]))
        trade = (draws[5], draws[6], 1, draws[7])
        return words.ascii_upper(words.company(words.TRADES, trade))
    customers = plan.customers
    habits = customers.habits[payer]
    name = words.ascii_upper(customers.names[payer])
    if customers.types[payer] == CustomerType.PRIVATE:
        first, last = name.split(" ", 1)
        forms = (name, f"{last} {first}", f"M OU MME {last} {first}", f"MME {name}")
        return forms[(0, 0, 0, 1, 1, 1, 1, 2, 2, 3)[int(habits[5]) % 10]]
    if customers.aliases[payer] and habits[5] % 3 == 0:
        return customers.aliases[payer]
    if habits[5] % 10 < 3:  # noqa: PLR2004
        words_of_name = name.split()
        return " ".join(word for word in words_of_name if word not in words.LEGAL_FORMS)
    return name


def _phrase(plan: Plan, payment: int, references: str, draws: Sequence[int]) -> str:
    """Put the references into the sentence that the behaviour calls for."""
    behaviour = int(plan.payments.behaviour[payment])
    phrases = _WITHOUT_REFERENCES.get(behaviour)
    if phrases is not None:
        return phrases[draws[4] % len(phrases)]
    name = plan.customers.names[int(plan.payments.customer[payment])]
    sentences = {
        "deposit": f"ACOMPTE CDE {draws[4] % 900_000 + 100_000} VEHICULE",
        "commission": f"SINISTRE 26{draws[4] % 10**7:07d} {references}",
        "rest": f"SOLDE {references}",
        "short": (references, f"REGLEMENT PARTIEL {references}")[draws[4] % 3 == 0],
        "third_party": f"{references} POUR {words.ascii_upper(name)}",
    }
    return sentences.get(BEHAVIOURS[behaviour].code, references)


def _bulk_message(plan: Plan, payment: int, message: Message) -> None:
    rows = plan.named_items(payment)
    day = plan.days[int(plan.payments.day[payment])]
    slip = remittance_number(plan, payment)
    message.end_to_end_id = slip
    head = f"BORDEREAU {slip} DU {day:%d/%m/%Y} {len(rows)} FACTURES"
    if plan.payments.carrier[payment] != Carrier.TEXT:
        message.lines = [head]
        return
    references = " ".join(plan.references[int(plan.links.item[row])] for row in rows)
    message.lines = cut_lines(f"{head} {references}", LINE_MAX)[:_BULK_LINES_MAX]


def remittance_number(plan: Plan, payment: int) -> str:
    """Give the number that a bulk payer puts on the transfer and on its advice."""
    return f"BD{plan.days[int(plan.payments.day[payment])]:%y%m%d}{payment:07d}"


def mentions(plan: Plan, payment: int) -> list[Mention]:
    """List what a payment settles, as structured remittance or advice lines."""
    found = []
    for row in plan.named_items(payment):
        item = int(plan.links.item[row])
        found.append(
            Mention(
                reference=plan.references[item],
                credit_note=plan.items.kind[item] == ItemKind.CREDIT_NOTE,
                amount_minor=int(plan.links.allocated[row]),
                day=int(plan.items.issue[item]),
            )
        )
    return found


def _own_number(draws: Sequence[int], habits: Sequence[int]) -> str:
    if habits[7] < 550:  # noqa: PLR2004
        return NOT_PROVIDED
    return f"{habits[7]:03d}{draws[6] % 10**9:09d}"


def write_message(plan: Plan, payment: int) -> Message:
    """Write what travels with a payment: names, numbers, text.

    Parameters
    ----------
    plan
        The decided period.
    payment
        A row of ``plan.payments``.

    Returns
    -------
    Message
        Lines of at most 140 characters; every character is plain ASCII.
    """
    payments = plan.payments
    draws = payments.draw[payment].tolist()
    payer = int(payments.payer[payment])
    habits = plan.customers.habits[max(payer, 0)].tolist()
    fresh = bool(payments.fresh[payment])
    iban = payer_iban(draws[5], draws[6]) if fresh else plan.customers.ibans[payer]
    message = Message(name=payer_name(plan, payment, draws), iban=iban)
    carrier = int(payments.carrier[payment])
    if payments.behaviour[payment] == INDEX["bulk"]:
        _bulk_message(plan, payment, message)
        if carrier == Carrier.STRUCTURED:
            message.mentions = mentions(plan, payment)
            message.lines = []
        return message
    message.end_to_end_id = _own_number(draws, habits)
    if carrier == Carrier.STRUCTURED:
        message.mentions = mentions(plan, payment)
        return message
    rows = [int(plan.links.item[row]) for row in plan.named_items(payment)]
    printed = [plan.references[row] for row in rows]
    one = payments.behaviour[payment] == INDEX["reference"]
    carrus = one and plan.entities[int(payments.entity[payment])].erp == "carrus"
    if carrus and draws[7] % 12 == 0:
        message.creditor_reference = structured_reference(rows[0])
        return message
    if one and habits[7] < 60:  # noqa: PLR2004
        message.end_to_end_id = printed[0]
        return message
    references = write_references(printed, habits, draws) if printed else ""
    text = _phrase(plan, payment, references, draws)
    if text and draws[7] % 1000 < habits[6] // 2:
        day = day_number(plan.days[int(payments.day[payment])])
        text = f"{text} {decoy(draws[6], day)}"
    width = _NARROW_LINE if habits[5] < 200 else LINE_MAX  # noqa: PLR2004
    message.lines = cut_lines(text[: LINE_MAX * 2], width)
    return message
