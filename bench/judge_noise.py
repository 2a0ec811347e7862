"""Another noise model for the judge: what the engine was not written beside.

Texts of German, Dutch, Italian and English payers, twice as many slips, lines of 27
characters, lists with more lines left out; discounts of 3 %, VAT of 19 %.
"""

from __future__ import annotations

from dataclasses import replace

from judge.noise import PROFILE_A

PROFILE = replace(
    PROFILE_A,
    name="B",
    p_drop_prefix=0.25,
    p_drop_zeros=0.5,
    separators=(
        (None, 0.35),
        ("", 0.25),
        (" ", 0.15),
        ("-", 0.1),
        ("/", 0.05),
        (".", 0.05),
        ("_", 0.05),
    ),
    tail=((0, 0.78), (7, 0.05), (6, 0.07), (5, 0.05), (4, 0.05)),
    p_lower=0.15,
    p_spaced=0.10,
    labels=(
        ("", 0.3),
        ("RG", 0.12),
        ("RECHNUNG", 0.1),
        ("RE-NR.", 0.1),
        ("FACTURA", 0.1),
        ("BILL", 0.08),
        ("Inv#", 0.1),
        ("DOC", 0.1),
    ),
    credit_labels=(
        ("", 0.3),
        ("GUTSCHRIFT ", 0.3),
        ("CR ", 0.2),
        ("-", 0.1),
        ("NC ", 0.1),
    ),
    joiners=(
        (" ", 0.25),
        (",", 0.2),
        (" & ", 0.15),
        ("|", 0.1),
        ("//", 0.1),
        (" UND ", 0.1),
        ("; ", 0.1),
    ),
    compress=(("", 0.65), ("range", 0.2), ("suffix", 0.15)),
    range_words=((" bis ", 0.3), ("-", 0.3), (" thru ", 0.2), ("..", 0.2)),
    widths=((140, 0.4), (35, 0.3), (27, 0.3)),
    p_wrap_inside=0.6,
    habit_strength=0.85,
    p_scanned_payer=0.12,
    p_ocr=0.006,
    p_typo=0.012,
    p_transposed=0.008,
    p_lost_digit=0.005,
    p_stray_space=0.02,
    ocr_pairs="O0 I1 S5 B8 Z2 G6",
    openers=(
        ("UEBERWEISUNG", 0.2),
        ("ZAHLUNG", 0.2),
        ("BETALING", 0.15),
        ("TRANSFER", 0.2),
        ("ACH CREDIT", 0.15),
        ("", 0.1),
    ),
    decoys=(
        ("po", 0.35),
        ("date", 0.4),
        ("amount", 0.3),
        ("phone", 0.15),
        ("customer", 0.25),
        ("vat", 0.15),
    ),
    decoy_words=(
        ("po", "PO#"),
        ("date", ""),
        ("amount", "EUR "),
        ("phone", "FON "),
        ("customer", "KDNR "),
        ("vat", ""),
    ),
    vat_country="DE",
    p_missing_line=0.05,
    p_alien_line=0.05,
    p_duplicate_line=0.04,
    discount_word="SKONTO",
    commission_word="PROVISION",
    discount_percent=3,
    vat_percent=19,
    deductions=(
        ("exact", 0.70),
        ("discount", 0.09),
        ("fee", 0.06),
        ("commission", 0.06),
        ("short", 0.05),
        ("rounding", 0.02),
        ("overpayment", 0.02),
    ),
)
