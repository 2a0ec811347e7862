from __future__ import annotations

from bank_case import (
    amounts,
    detail,
    document,
    entry,
    read,
    references,
    referred,
    remittance,
    row,
    rows,
    warnings,
)


def text_of(words: str) -> str:
    return f"<RmtInf><Ustrd>{words}</Ustrd></RmtInf>"


def charge(amount: str) -> str:
    return (
        f'<Chrgs><Rcrd><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>'
        "</Rcrd></Chrgs>"
    )


def test_a_batch_is_one_row_per_payer_and_nothing_is_lost() -> None:
    batch = detail(text_of("A"), amount="60.00") + detail(text_of("B"), amount="40.00")
    first, second = rows(read(document(entry(batch))))
    assert (first["amount_minor"], second["amount_minor"]) == (6_000, 4_000)
    assert first["payment_id"][:-2] == second["payment_id"][:-2]
    assert (first["payment_id"][-2:], second["payment_id"][-2:]) == ("-1", "-2")
    assert (first["detail_count"], second["detail_index"]) == (2, 1)
    assert [first["remittance_text"], second["remittance_text"]] == [["A"], ["B"]]
    assert first["entry_amount_minor"] == second["entry_amount_minor"] == 10_000


def test_version_2_has_the_amount_of_a_detail_among_its_amount_details() -> None:
    batch = "".join(
        f'<TxDtls><AmtDtls><TxAmt><Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls>'
        "</TxDtls>"
        for amount in ("60.00", "40.00")
    )
    assert amounts(read(document(entry(batch), version="02"))) == [6_000, 4_000]


def test_a_detail_may_go_the_other_way() -> None:
    back = detail("<CdtDbtInd>DBIT</CdtDbtInd>", amount="20.00")
    batch = detail("<CdtDbtInd>CRDT</CdtDbtInd>", amount="120.00") + back
    assert amounts(read(document(entry(batch)))) == [12_000, -2_000]


def test_the_only_detail_has_the_amount_of_the_entry() -> None:
    for inner in (detail(), detail(amount="101.50"), detail(charge("1.50"))):
        assert row(document(entry(inner)))["amount_minor"] == 10_000
    found = row(document(entry(detail(charge("1.50"), amount="101.50"))))
    kept = (found["charges_minor"], found["original_minor"])
    assert kept == (150, 10_150)


def test_charges_of_each_detail_are_taken_off_when_the_entry_is_net() -> None:
    batch = detail(charge("1.00"), amount="61.00") + detail(amount="40.00")
    file = read(document(entry(batch)))
    assert amounts(file) == [6_000, 4_000]
    assert file.entries["charges_minor"].to_pylist() == [100, None]


def test_charges_of_a_whole_batch_are_a_row_of_their_own() -> None:
    batch = detail(amount="61.50") + detail(amount="40.00")
    file = read(document(entry(batch, extra=charge("1.50"))))
    assert amounts(file) == [6_150, 4_000, -150]
    assert warnings(file) == []


def test_details_that_do_not_add_up_are_one_row_with_all_their_texts() -> None:
    refs = "<Refs><EndToEndId>E{}</EndToEndId></Refs>"
    parts = remittance(referred("F1", ""))[len("<TxDtls>") : -len("</TxDtls>")]
    for batch in (
        detail(refs.format(1) + text_of("A")) + detail(refs.format(2) + parts),
        detail(refs.format(1) + text_of("A"), amount="60.00")
        + detail(refs.format(2) + parts, amount="41.00"),
    ):
        file = read(document(entry(batch)))
        (found,) = rows(file)
        assert (found["amount_minor"], found["detail_count"]) == (10_000, 1)
        assert found["remittance_text"] == ["E1", "A", "E2"]
        assert file.references["reference"].to_pylist() == ["F1"]
        assert warnings(file) == ["DETAILS_MERGED"]
        assert "-" not in found["payment_id"]


def test_a_detail_in_another_currency_does_not_become_the_entrys_currency() -> None:
    other = detail(amount="60.00").replace("EUR", "USD") + detail(amount="40.00")
    file = read(document(entry(other)))
    assert warnings(file) == ["DETAILS_MERGED"]
    assert amounts(file) == [10_000]


def test_referred_documents_have_their_amounts_and_credit_notes_are_negative() -> None:
    text = remittance(
        referred("F1", '<RmtdAmt Ccy="EUR">70.00</RmtdAmt>'),
        referred("F2", '<DuePyblAmt Ccy="EUR">50.00</DuePyblAmt>'),
        referred("A1", '<CdtNoteAmt Ccy="EUR">20.00</CdtNoteAmt>', kind="CREN"),
        referred("A2", '<RmtdAmt Ccy="EUR">5.00</RmtdAmt>', kind="CREN"),
        referred("P1", "", kind="PUOR"),
        referred("F3", '<RmtdAmt Ccy="USD">1.00</RmtdAmt>'),
    )
    assert references(document(entry(text))) == [
        ("F1", "invoice", 7_000, None, None),
        ("F2", "invoice", 5_000, None, None),
        ("A1", "credit_note", -2_000, None, None),
        ("A2", "credit_note", -500, None, None),
        ("P1", "other", None, None, None),
        ("F3", "invoice", None, None, None),
    ]


def test_deductions_of_the_payer_are_kept_with_their_reason() -> None:
    due = '<DuePyblAmt Ccy="EUR">100.00</DuePyblAmt>'
    discount = '<DscntApldAmt><Amt Ccy="EUR">2.00</Amt></DscntApldAmt>'
    old_discount = '<DscntApldAmt Ccy="EUR">2.00</DscntApldAmt>'
    adjustment = (
        '<AdjstmntAmtAndRsn><Amt Ccy="EUR">3.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        "<Rsn>DAMG</Rsn></AdjstmntAmtAndRsn>"
    )
    for given, expected in (
        (due + discount, (9_800, 200, "DISCOUNT")),
        (due + old_discount, (9_800, 200, "DISCOUNT")),
        (due + adjustment, (9_700, 300, "DAMG")),
        (due + '<RmtdAmt Ccy="EUR">95.00</RmtdAmt>', (9_500, 500, None)),
        (discount + '<RmtdAmt Ccy="EUR">98.00</RmtdAmt>', (9_800, 200, "DISCOUNT")),
    ):
        found = references(document(entry(remittance(referred("F1", given)))))
        assert found == [("F1", "invoice", *expected)]


def test_version_12_lists_amounts_by_their_type() -> None:
    def typed(code: str, amount: str) -> str:
        return (
            f'<RmtAmtAndTp><Tp><Cd>{code}</Cd></Tp><Amt Ccy="EUR">{amount}</Amt>'
            "</RmtAmtAndTp>"
        )

    dated = "<RltdDt><Tp><Cd>ISSU</Cd></Tp><Dt>2026-01-05</Dt></RltdDt></RfrdDocInf>"
    invoice = referred("F1", typed("DUPA", "50.00") + typed("REMI", "49.00"))
    text = remittance(
        invoice.replace("</RfrdDocInf>", dated),
        referred("A1", typed("CREN", "20.00"), kind="CREN"),
    )
    content = document(entry(text), version="12")
    assert references(content) == [
        ("F1", "invoice", 4_900, 100, None),
        ("A1", "credit_note", -2_000, None, None),
    ]
    dates = read(content).references["date"].to_pylist()
    assert [str(date) for date in dates] == ["2026-01-05", "None"]


def test_amounts_of_several_documents_are_not_guessed() -> None:
    def both(kind: str, given: str) -> str:
        one, two = referred("F1", ""), referred("F2", given, kind=kind)
        return one.replace("<RfrdDocAmt></RfrdDocAmt>", "") + two

    total = '<RmtdAmt Ccy="EUR">100.00</RmtdAmt>'
    assert references(document(entry(remittance(both("CINV", total))))) == [
        ("F1", "invoice", None, None, None),
        ("F2", "invoice", None, None, None),
    ]
    net = '<CdtNoteAmt Ccy="EUR">20.00</CdtNoteAmt>' + total
    assert references(document(entry(remittance(both("CREN", net))))) == [
        ("F1", "invoice", 12_000, None, None),
        ("F2", "credit_note", -2_000, None, None),
    ]


def test_several_creditor_references_are_all_kept() -> None:
    def reference(number: str, amount: str) -> str:
        return (
            f'<RfrdDocAmt><RmtdAmt Ccy="EUR">{amount}</RmtdAmt></RfrdDocAmt>'
            f"<CdtrRefInf><Ref>{number}</Ref></CdtrRefInf>"
        )

    content = document(
        entry(remittance(reference("RF1", "60.00"), reference("RF2", "40.00")))
    )
    assert row(content)["creditor_reference"] == "RF1"
    assert references(content) == [
        ("RF1", "other", 6_000, None, None),
        ("RF2", "other", 4_000, None, None),
    ]


def test_what_is_not_decoded_is_kept_with_its_path() -> None:
    inner = """<Refs><InstrId>I-1</InstrId></Refs><RltdPties>
    <Dbtr><Nm>PAYER</Nm><PstlAdr><Ctry>FR</Ctry><AdrLine>1 RUE
    X</AdrLine></PstlAdr></Dbtr><Cdtr><Nm>ME</Nm></Cdtr></RltdPties>
    <RltdAgts><DbtrAgt><FinInstnId><BICFI>AGRIFRPP</BICFI></FinInstnId></DbtrAgt>
    </RltdAgts>"""
    found = row(document(entry(detail(inner, amount="100.00"))))
    kept = found["raw"].split("\n")
    assert "Refs/InstrId=I-1" in kept
    assert "RltdPties/Dbtr/PstlAdr/Ctry=FR" in kept
    assert "RltdPties/Dbtr/PstlAdr/AdrLine=1 RUE\\n    X" in kept
    assert "RltdPties/Cdtr/Nm=ME" in kept
    assert "RltdAgts/DbtrAgt/FinInstnId/BICFI=AGRIFRPP" in kept
    assert not any("PAYER" in line for line in kept)


def test_the_entry_is_kept_with_its_first_row_and_nothing_of_a_merged_one_is_lost() -> (
    None
):
    two = detail("<Refs><InstrId>A</InstrId></Refs>", amount="60.00") + detail(
        "<Refs><InstrId>B</InstrId></Refs>", amount="40.00"
    )
    extra = "<TechInptChanl><Cd>WEB</Cd></TechInptChanl>"
    first, second = rows(read(document(entry(two, extra=extra))))
    assert first["raw"].startswith("TechInptChanl/Cd=WEB\n")
    assert "Refs/InstrId=B" in second["raw"]
    assert "WEB" not in second["raw"]
    odd = two.replace("40.00", "41.00")
    merged = row(document(entry(odd, extra=extra)))["raw"].split("\n")
    assert "TxDtls[1]/Refs/InstrId=A" in merged
    assert 'TxDtls[2]/Amt[Ccy="EUR"]=41.00' in merged
