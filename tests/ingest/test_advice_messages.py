"""EDIFACT, X12 and UBL advices are read to the cent, and their totals are checked."""

from __future__ import annotations

import datetime as dt

import pytest
from advice_case import (
    BPR,
    ISA,
    REMADV,
    UBL,
    X820,
    X835,
    codes,
    edifact,
    lines,
    only,
    read,
    x12,
)
from pydifact.parser import Parser

from alloc.errors import InputError
from alloc.ingest.remittance.segments import edifact_segments, x12_segments
from alloc.ingest.remittance.values import exact_minor

DAY = dt.date(2026, 3, 9)
IBAN = "FR7630006000011234567890189"


def test_a_remadv_says_what_is_paid_kept_back_and_credited() -> None:
    file = read(REMADV)
    assert file.full_format == "EDIFACT REMADV D.96A EAN010"
    assert file.notices == []
    (advice,) = file.advices
    assert lines(advice) == [
        ("F-1001", 98_000, 2_000),
        ("F-1002", 25_000, None),
        ("A-17", -3_000, None),
    ]
    assert advice.lines[0].reason == "19"
    assert (advice.total_minor, advice.currency) == (120_000, "EUR")
    assert (advice.payment_reference, advice.number) == ("PAY-2026-77", "AV-7")
    assert (advice.payment_date, advice.payer_iban) == (DAY, IBAN)
    assert advice.payer_name == "TIEFBAU KR+MER GMBH"


def test_other_service_characters_and_line_breaks_change_nothing() -> None:
    plain = REMADV.decode().replace("KR?+MER", "KREMER")
    marked = plain.translate(str.maketrans("+:'", "|^~"))
    told = only(b"UNA^|.? ~" + marked.encode())
    assert lines(told) == lines(only(REMADV))
    joined = REMADV.replace(b"\n", b"")
    wrapped = b"\r\n".join(joined[at : at + 80] for at in range(0, len(joined), 80))
    assert lines(only(wrapped)) == lines(only(REMADV))


def test_a_released_character_is_text() -> None:
    (segment,) = edifact_segments(b"NAD+a?'b+c??+d?:e:f'", name="x")
    assert segment.elements == (("a'b",), ("c?",), ("d:e", "f"))


def test_lines_of_segments_are_those_of_the_file() -> None:
    told = [(one.tag, one.line) for one in edifact_segments(REMADV, name="x")]
    assert told[:3] == [("UNB", 1), ("UNH", 2), ("BGM", 3)]
    told = [(one.tag, one.line) for one in x12_segments(X820, name="x")]
    assert told[:4] == [("ISA", 1), ("GS", 2), ("ST", 3), ("BPR", 4)]


def test_trailers_that_count_otherwise_are_named() -> None:
    file = read(edifact("DOC+380+F1", "MOA+12:5", count=9))
    assert "EDI_COUNT_DIFFERS" in codes(file)
    assert "UNT counts '9' segments, there are 4" in file.notices[0].message
    file = read(x12(BPR.format("5"), "RMR*IV*F1**5", count=99))
    assert codes(file)[0] == "EDI_COUNT_DIFFERS"


def test_lines_that_do_not_make_the_total_are_said() -> None:
    data = edifact("CUX+2:EUR:11", "DOC+380+F1", "MOA+12:5.01", "UNS+S", "MOA+12:5")
    (notice,) = read(data, name="a.edi").notices
    assert notice.code == "ADVICE_TOTAL_DIFFERS"
    assert notice.message == (
        "a.edi:2: the lines of the advice make 5.01 EUR, it says 5.00 EUR: 0.01 EUR off"
    )


def test_amounts_have_the_decimals_of_their_currency() -> None:
    def paid(currency: str, amount: str) -> int | None:
        cux = f"CUX+2:{currency}:11"
        return only(edifact(cux, "DOC+380+F1", f"MOA+12:{amount}")).lines_minor

    assert paid("XPF", "1000") == 1000
    assert paid("TND", "1.5") == 1500
    assert paid("EUR", "1,50") == 150
    assert paid("EUR", "1.500") == 150
    with pytest.raises(InputError, match="more than the 0 decimals of XPF") as caught:
        paid("XPF", "10.5")
    assert caught.value.reason == "AMOUNT_DECIMALS"
    assert caught.value.metadata["line"] == "5"


def test_a_cancelled_advice_and_other_messages_are_left_out() -> None:
    cancelled = edifact("BGM+481+AV-7+1", "DOC+380+F1", "MOA+12:5")
    assert codes(read(cancelled)) == ["ADVICE_CANCELLED"]
    other = REMADV.replace(b"REMADV:D", b"INVOIC:D")
    with pytest.raises(InputError) as caught:
        read(other)
    assert caught.value.reason == "ADVICE_MISSING"


def test_an_820_says_what_is_paid_deducted_and_adjusted() -> None:
    file = read(X820)
    assert file.full_format == "X12 820 004010"
    assert file.notices == []
    (advice,) = file.advices
    assert lines(advice) == [
        ("F-1001", 98_000, 2_000),
        ("F-1002", 25_000, 500),
        ("A-17", -3_000, None),
        ("FEE-3", -1_000, None),
    ]
    reasons = [line.reason for line in advice.lines]
    assert reasons == ["discount", "01 Two cartons torn", None, "ZZ"]
    assert (advice.currency, advice.total_minor) == ("USD", 119_000)
    assert (advice.payment_reference, advice.payment_date) == ("PAY-2026-77", DAY)
    assert advice.payer_name == "VERTEX LLC"


def test_a_payment_segment_that_says_nothing_leaves_only_the_lines() -> None:
    (advice,) = read(x12("BPR", "RMR*IV*F1**5")).advices
    assert (advice.total_minor, advice.payment_date) == (None, None)
    assert [line.amount_minor for line in advice.lines] == [500]


def test_an_adjustment_that_the_total_includes_lowers_what_is_paid() -> None:
    data = x12(BPR.format("95"), "RMR*IV*F1**100", "ADX*-5*01")
    assert lines(only(data)) == [("F1", 9_500, 500)]


def test_an_820_with_paid_and_invoiced_swapped_is_read_by_its_total() -> None:
    file = read(x12(BPR.format("98"), "RMR*IV*F1*PO*100*98*2"))
    assert lines(file.advices[0]) == [("F1", 9_800, 200)]
    assert "AMOUNTS_SWAPPED" in codes(file)


def test_an_835_says_what_is_paid_of_each_claim() -> None:
    file = read(X835)
    assert codes(file) == ["CURRENCY_MISSING"]
    (advice,) = file.advices
    assert lines(advice) == [
        ("CLAIM-1", 40_000, 14_100),
        ("CLAIM-2", -2_000, None),
        ("OVERPAY-9", 10_000, None),
    ]
    assert advice.lines[0].reason == "PR-1, CO-45"


def test_each_interchange_has_its_own_separators() -> None:
    second = X820.decode().translate(str.maketrans("*~>", "|'^"))
    assert len(read(X820 + second.encode()).advices) == 2


def test_a_ubl_advice_says_what_is_paid() -> None:
    file = read(UBL)
    assert file.full_format == "UBL RemittanceAdvice 2.1"
    assert file.notices == []
    (advice,) = file.advices
    assert lines(advice) == [("F-1001", 123_000, None), ("A-17", -3_000, None)]
    assert (advice.payer_name, advice.payer_iban) == ("Krämer", IBAN)
    assert (advice.payment_reference, advice.payment_date) == ("PAY-2026-77", DAY)
    assert (advice.total_minor, advice.currency) == (120_000, "EUR")


@pytest.mark.parametrize(
    ("data", "reason", "line"),
    [
        (UBL.replace(b"<r:", b"<!DOCTYPE a []>\n<r:", 1), "XML_DOCTYPE", 2),
        (UBL[:-30], "XML_DAMAGED", 24),
        (UBL.replace(b'"EUR">30.00', b'"USD">30.00'), "CURRENCY_MIXED", 22),
        (UBL.replace(b">30.00", b">3O.00"), "AMOUNT_INVALID", 22),
        (REMADV[:-12], "EDI_TRUNCATED", 22),
        (REMADV.replace(b"UNT+21+M1'\n", b""), "EDI_ENVELOPE", 22),
        (REMADV.replace(b"EUR", b"EUX"), "CURRENCY_UNKNOWN", 2),
        (REMADV.replace(b"980.00", b"98O.00"), "AMOUNT_INVALID", 12),
        (X820[:-40], "EDI_TRUNCATED", 16),
        (X820[:60], "EDI_TRUNCATED", 1),
        (X820.replace(b"SE*15", b"XX*15"), "EDI_ENVELOPE", 18),
        (X820.replace(b"*250.00", b"*1" + b"0" * 20), "AMOUNT_TOO_LARGE", 11),
        (ISA.replace(">", "A").encode(), "EDI_DELIMITERS", 1),
    ],
)  # fmt: skip
def test_a_damaged_advice_is_refused_with_its_line(
    data: bytes, reason: str, line: int
) -> None:
    with pytest.raises(InputError) as caught:
        read(data)
    assert caught.value.reason == reason
    assert caught.value.metadata["line"] == str(line), caught.value


@pytest.mark.parametrize("text", ["", ".", "-", "1.2.3", "1e3", "\u0661", "1 0", "0x1"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        exact_minor(text, "EUR", name="x", line=1, field="MOA")
    assert caught.value.reason == "AMOUNT_INVALID"


@pytest.mark.filterwarnings("ignore:segments.xml not found")
@pytest.mark.parametrize("una", ["", "UNA:+.? '"])
def test_another_parser_splits_the_same_segments(una: str) -> None:
    text = una + REMADV.decode().replace("\n", "")
    others = [
        [one.tag, [[part] if isinstance(part, str) else part for part in one.elements]]
        for one in Parser().parse(text)
    ]
    ours = [
        [one.tag, [list(parts) for parts in one.elements]]
        for one in edifact_segments(text.encode(), name="x")
    ]
    assert ours == [other for other in others if other[0] != "UNA"]
