"""Advices of every format find their payment in the real ledger, or stay open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from advice_case import BPR, REMADV, UBL, X820, x12
from test_import_files import IBAN, NOW, Desk, mt940
from test_import_files import desk as desk  # noqa: PLC0414 - a fixture
from test_import_files import empty as empty  # noqa: PLC0414 - a fixture

from alloc.app.import_files import import_files
from alloc.ingest import Reader

if TYPE_CHECKING:
    from alloc.app.import_files import ImportReport

PAID = mt940("2603100310C1200,00NTRFNONREF//PAY-2026-77", closing="1200,00")
LIST = """\
Avis de virement;;
N° facture;Montant payé;Date de paiement
FA-1;980,00;09/03/2026
FA-2;20,00;
Total;1000,00;
FA-3;200,00;
Total;200,00;
"""


def take(desk: Desk, *contents: bytes | str) -> list[ImportReport]:
    reports = []
    for number, content in enumerate(contents):
        data = content if isinstance(content, bytes) else content.encode()
        path = desk.folder / f"{number}-{len(data)}.file"
        path.write_bytes(data)
        taken = import_files(desk.ledger, desk.settings, Reader(), [path], now=NOW)
        reports += taken
    return reports


def linked(desk: Desk) -> list[tuple[str, int]]:
    """Payment amount and number of lines of every linked advice."""
    amounts = {
        row["payment_id"]: row["amount_minor"]
        for row in desk.ledger.payments().to_pylist()
    }
    return sorted(
        (amounts[row["payment_id"]], row["line_count"])
        for row in desk.ledger.advices(linked=True).to_pylist()
    )


@pytest.mark.parametrize("advice", [REMADV, UBL])
@pytest.mark.parametrize("first", ["advice", "money"])
def test_an_advice_finds_its_payment_by_reference(
    desk: Desk, advice: bytes, first: str
) -> None:
    order = [advice, PAID] if first == "advice" else [PAID, advice]
    reports = take(desk, *order)
    assert all(report.notices == () for report in reports)
    ((amount, count),) = linked(desk)
    assert amount == 120_000
    lines = desk.ledger.remittances().to_pylist()
    assert len(lines) == count
    assert sum(line["amount_minor"] for line in lines) == amount


def test_the_report_of_an_advice_names_its_format_and_total(desk: Desk) -> None:
    (report,) = take(desk, REMADV)
    assert (report.source.kind, report.source.profile) == ("remittances", "")
    assert report.source.format == "EDIFACT REMADV D.96A EAN010"
    assert (report.counts.read, report.counts.new) == (1, 1)
    (total,) = report.totals
    assert (total.currency, total.minor) == ("EUR", 120_000)


def test_a_wrong_advice_is_linked_by_reference_only_and_says_so(desk: Desk) -> None:
    paid = PAID.replace("1200,00", "1199,00")
    _, report = take(desk, paid, REMADV)
    (notice,) = report.notices
    assert notice.code == "ADVICE_AMOUNT_DIFFERS"
    assert "PAY-2026-77 says 1200.00 EUR" in notice.message
    assert "is 1199.00 EUR" in notice.message
    assert linked(desk) == [(119_900, 3)]


def test_without_the_reference_only_the_exact_total_links(desk: Desk) -> None:
    plain = PAID.replace("PAY-2026-77", "NONREF")
    take(desk, plain.replace("1200,00", "1199,00"), REMADV)
    assert linked(desk) == []
    take(desk, plain)
    assert linked(desk) == [(120_000, 3)]


def test_two_payments_of_one_total_leave_the_advice_open(desk: Desk) -> None:
    twice = mt940(
        "2603100310C1200,00NTRFNONREF//B1",
        "2603100310C1200,00NTRFNONREF//B2",
        closing="2400,00",
    )
    take(desk, REMADV, twice)
    assert linked(desk) == []


def test_a_list_with_a_total_for_each_payment_covers_several(desk: Desk) -> None:
    money = mt940(
        "2603100310C1000,00NTRFNONREF//B1",
        "2603100310C200,00NTRFNONREF//B2",
        closing="1200,00",
    )
    text = LIST.replace("FA-3;200,00;", "FA-3;200,00;09/03/2026")
    reports = take(desk, text, money)
    assert reports[0].counts.new == 2
    assert linked(desk) == [(20_000, 1), (100_000, 2)]


def test_subtotals_below_one_grand_total_are_one_payment(desk: Desk) -> None:
    (report, _) = take(desk, LIST + "Total général;1200,00;\n", PAID)
    assert (report.counts.new, report.notices[0].code) == (1, "CURRENCY_MISSING")
    assert linked(desk) == [(120_000, 3)]


def test_several_advices_of_one_reference_make_up_one_payment(desk: Desk) -> None:
    def part(total: str, invoice: str) -> bytes:
        return x12(BPR.format(total), "TRN*1*PAY-2026-77", f"RMR*IV*{invoice}**{total}")

    take(desk, part("900", "F-1"), part("300", "F-2"), PAID)
    assert linked(desk) == [(120_000, 1), (120_000, 1)]
    lines = desk.ledger.remittances().to_pylist()
    assert sorted(line["reference"] for line in lines) == ["F-1", "F-2"]


def test_another_currency_is_another_payment(desk: Desk) -> None:
    take(desk, X820, PAID)
    assert linked(desk) == []


def test_an_advice_without_currency_never_means_one_without_cents(desk: Desk) -> None:
    yen = PAID.replace("EUR", "JPY").replace("1200,00", "1200")
    advice = x12(BPR.format("12"), "TRN*1*PAY-2026-77", "RMR*IV*F-1**12")
    take(desk, yen, advice)
    assert IBAN in yen
    assert linked(desk) == []
