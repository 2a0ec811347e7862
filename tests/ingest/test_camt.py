from __future__ import annotations

import datetime as dt

import pytest
from bank_case import (
    OWN,
    amounts,
    balance,
    detail,
    document,
    entry,
    read,
    row,
    rows,
    warnings,
)


def party(side: str, name: str, iban: str) -> str:
    return (
        f"<{side}><Pty><Nm>{name}</Nm></Pty></{side}>"
        f"<{side}Acct><Id><IBAN>{iban}</IBAN></Id></{side}Acct>"
    )


BOTH = f"""<RltdPties>{party("Dbtr", "DURAND", "FR7630006000011234567890189")}
<UltmtDbtr><Pty><Nm>FLEET SA</Nm></Pty></UltmtDbtr>
{party("Cdtr", "US", OWN)}</RltdPties>"""


def test_an_entry_keeps_everything_the_bank_says() -> None:
    file = read(
        document(
            balance("OPBD", "10.00")
            + entry(
                f"""<TxDtls><Refs><AcctSvcrRef>TX</AcctSvcrRef>
                <EndToEndId> E2E-1 </EndToEndId><MndtId>M1</MndtId></Refs>
                <AmtDtls><InstdAmt><Amt Ccy="USD">111.00</Amt></InstdAmt></AmtDtls>
                <Chrgs><Rcrd><Amt Ccy="EUR">1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd>
                </Rcrd></Chrgs>{BOTH}<RmtInf><Ustrd>FACTURE 1</Ustrd>
                <Ustrd>ET 2 &amp; 3</Ustrd><Strd><CdtrRefInf>
                <Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>""",
                extra="""<ValDt><DtTm>2026-02-01T00:00:00Z</DtTm></ValDt><BkTxCd>
                <Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd>
                </Fmly></Domn></BkTxCd><AddtlNtryInf>SEPA</AddtlNtryInf>""",
            )
            + balance("CLBD", "110.00")
        )
    )
    (found,) = rows(file)
    assert found.pop("payment_id").startswith("P")
    assert 'AmtDtls/InstdAmt/Amt[Ccy="USD"]=111.00' in found.pop("raw").split("\n")
    assert found == {
        "statement_index": 0,
        "entry_index": 0,
        "detail_index": 0,
        "detail_count": 1,
        "account": OWN,
        "booking_date": dt.date(2026, 1, 31),
        "value_date": dt.date(2026, 2, 1),
        "currency": "EUR",
        "amount_minor": 10_000,
        "entry_amount_minor": 10_000,
        "status": "booked",
        "reversal": False,
        "bank_reference": "SVC",
        "transaction_code": "PMNT/RCDT/ESCT",
        "end_to_end_id": "E2E-1",
        "creditor_reference": "RF18539007547034",
        "mandate_id": "M1",
        "counterparty_name": "DURAND",
        "counterparty_iban": "FR7630006000011234567890189",
        "ultimate_name": "FLEET SA",
        "remittance_text": ["FACTURE 1", "ET 2 & 3"],
        "charges_minor": 150,
        "original_currency": "USD",
        "original_minor": 11_100,
        "return_reason": None,
        "additional_info": "SEPA",
        "line": 1,
    }
    (statement,) = file.statements.to_pylist()
    assert "Stmt/Id=S1" in statement.pop("raw").split("\n")
    assert statement == {
        "statement_index": 0,
        "message_type": "camt.053.001.08",
        "dialect": None,
        "kind": "statement",
        "account": OWN,
        "currency": "EUR",
        "number": "S1",
        "opening_date": dt.date(2026, 1, 31),
        "opening_minor": 1_000,
        "closing_date": dt.date(2026, 1, 31),
        "closing_minor": 11_000,
        "entry_count": 1,
        "left_out_count": 0,
        "difference_minor": 0,
        "line": 1,
    }


@pytest.mark.parametrize(
    ("sign", "reversed_", "amount"),
    [
        ("CRDT", "false", 10_000),
        ("DBIT", "false", -10_000),
        ("CRDT", "true", 10_000),
        ("DBIT", "true", -10_000),
    ],
)
def test_the_sign_is_the_printed_one_and_a_reversal_is_flagged(
    sign: str, reversed_: str, amount: int
) -> None:
    extra = f"<RvslInd>{reversed_}</RvslInd>"
    found = row(document(entry(sign=sign, extra=extra)))
    assert (found["amount_minor"], found["reversal"]) == (amount, reversed_ == "true")


@pytest.mark.parametrize(
    ("sign", "extra", "name"),
    [
        ("CRDT", "", "DURAND"),
        ("DBIT", "", "DURAND"),  # the creditor is the owner of the account
        ("CRDT", "<RvslInd>true</RvslInd>", "DURAND"),
        ("DBIT", "<RvslInd>true</RvslInd>", "DURAND"),
    ],
)
def test_the_owner_of_the_account_is_never_its_own_counterparty(
    sign: str, extra: str, name: str
) -> None:
    found = row(document(entry(detail(BOTH), sign=sign, extra=extra)))
    assert found["counterparty_name"] == name


def test_a_returned_payment_names_the_creditor_to_whom_it_was_sent() -> None:
    parties = "<RltdPties><Dbtr><Nm>US</Nm></Dbtr><Cdtr><Nm>SHOP</Nm></Cdtr>"
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    found = row(document(entry(detail(parties + "</RltdPties>" + reason))))
    assert (found["counterparty_name"], found["return_reason"]) == ("SHOP", "AC04")


@pytest.mark.parametrize("extra", ["", "<RvslInd>true</RvslInd>"])
def test_the_party_behind_a_party_without_name_is_kept(extra: str) -> None:
    role = "Cdtr" if extra else "Dbtr"
    behind = f"<Ultmt{role}><Pty><Nm>FLEET SA</Nm></Pty></Ultmt{role}>"
    found = row(
        document(entry(detail(f"<RltdPties>{behind}</RltdPties>"), extra=extra))
    )
    assert (found["counterparty_name"], found["ultimate_name"]) == (None, "FLEET SA")


@pytest.mark.parametrize(
    ("status", "expected", "codes"),
    [
        ("<Sts>BOOK</Sts>", "booked", []),
        ("<Sts><Cd>PDNG</Cd></Sts>", "pending", []),
        ("<Sts><Cd>FUTR</Cd></Sts>", "pending", []),
        ("<Sts>INFO</Sts>", "information", []),
        ("", "booked", []),
        ("<Sts><Prtry>ODD</Prtry></Sts>", "information", ["STATUS_UNKNOWN"]),
    ],
)
def test_only_booked_entries_count_for_the_balance(
    status: str, expected: str, codes: list[str]
) -> None:
    text = entry().replace("<Sts><Cd>BOOK</Cd></Sts>", status)
    body = balance("OPBD", "0.00") + balance("CLBD", "100.00") + text
    file = read(document(body))
    assert rows(file)[0]["status"] == expected
    assert warnings(file) == codes
    difference = 0 if expected == "booked" else -10_000
    assert file.statements["difference_minor"].to_pylist() == [difference]


@pytest.mark.parametrize("printed", ["NOTPROVIDED", "", " NOTPROVIDED "])
def test_a_reference_that_is_not_provided_is_none(printed: str) -> None:
    refs = f"<Refs><EndToEndId>{printed}</EndToEndId></Refs>"
    assert row(document(entry(detail(refs))))["end_to_end_id"] is None


def test_the_bank_reference_is_the_best_one_that_there_is() -> None:
    inner = detail("<Refs><AcctSvcrRef>TX</AcctSvcrRef></Refs>")
    text = entry(inner, extra="<NtryRef>7</NtryRef>")
    assert row(document(text))["bank_reference"] == "SVC"
    text = text.replace("<AcctSvcrRef>SVC</AcctSvcrRef>", "")
    assert row(document(text))["bank_reference"] == "TX"
    text = text.replace(inner, "")
    assert row(document(text))["bank_reference"] == "7"


def test_an_entry_without_booking_day_takes_the_next_best_day() -> None:
    text = entry().replace("<BookgDt><Dt>2026-01-31</Dt></BookgDt>", "{}")
    valued = "<ValDt><Dt>2026-01-15</Dt></ValDt>"
    for days, expected in ((valued, dt.date(2026, 1, 15)), ("", dt.date(2026, 1, 31))):
        file = read(document(text.format(days)))
        assert rows(file)[0]["booking_date"] == expected
        assert warnings(file) == ["BOOKING_DATE_MISSING"]


@pytest.mark.parametrize("cut", ["2026-01-", "2026-01-3", "2026-01", "2026"])
def test_a_day_that_was_cut_off_is_said_and_the_next_best_is_taken(cut: str) -> None:
    statement = document(
        entry().replace("2026-01-31</Dt></BookgDt>", f"{cut}</Dt></BookgDt>")
    )
    file = read(statement, strict=False)
    assert [str(one["booking_date"]) for one in rows(file)] == ["2026-01-31"]
    assert "DATE_INVALID" in warnings(file)


def test_the_only_text_of_an_entry_without_details_is_read_as_remittance() -> None:
    found = row(document(entry(extra="<AddtlNtryInf>INV 12</AddtlNtryInf>")))
    assert found["remittance_text"] == ["INV 12"]


@pytest.mark.parametrize("version", [f"{number:02}" for number in range(2, 14)])
@pytest.mark.parametrize(
    ("message", "kind"),
    [("052", "intraday"), ("053", "statement"), ("054", "notification")],
)
def test_every_message_and_version_is_read(
    message: str, kind: str, version: str
) -> None:
    file = read(document(entry(), message=message, version=version))
    (statement,) = file.statements.to_pylist()
    assert statement["kind"] == kind
    assert statement["message_type"] == f"camt.{message}.001.{version}"
    assert amounts(file) == [10_000]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(' xmlns="urn:', ' xmlns="ISO:X:'),
        lambda text: text.replace("<", "<n:").replace("<n:/", "</n:"),
        lambda text: f'<?xml version="1.0"?>\n<!-- made by hand -->\n{text}\n',
        lambda text: f"<Envelope><Header/>{text}</Envelope>",
        lambda text: f"\ufeff{text}",
        lambda text: text.replace("><", ">\r\n\t<"),
    ],
)
def test_wrapping_prefixes_and_white_space_do_not_matter(change: object) -> None:
    assert callable(change)
    file = read(change(document(entry())))
    assert amounts(file) == [10_000]
    assert file.statements["account"].to_pylist() == [OWN]


def test_several_documents_in_one_file_are_all_read() -> None:
    one = '<?xml version="1.0" encoding="UTF-8"?>\n' + document(entry())
    file = read(one + "\n" + one)
    assert amounts(file) == [10_000, 10_000]
    assert file.entries["statement_index"].to_pylist() == [0, 1]
    assert file.entries["line"].to_pylist() == [2, 4]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-16"]
)
def test_declared_encodings_are_honoured(encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    text = head + document(entry(detail("<RmtInf><Ustrd>Müller</Ustrd></RmtInf>")))
    assert row(text.encode(encoding))["remittance_text"] == ["Müller"]


def test_a_bare_ampersand_is_read_as_written() -> None:
    text = "<RmtInf><Ustrd>A & B; C&#233; &lt;D&gt;</Ustrd></RmtInf>"
    found = row(document(entry(detail(text))))
    assert found["remittance_text"] == ["A & B; Cé <D>"]


def test_interim_balances_stand_for_missing_ones() -> None:
    pages = balance("ITBD", "10.00") + balance("ITBD", "110.00") + entry()
    before = balance("PRCD", "5.00") + balance("CLBD", "105.00") + entry()
    overdrawn = balance("OPBD", "50.00", sign="DBIT") + balance("CLBD", "50.00")
    for body in (pages, before, overdrawn + entry()):
        file = read(document(body))
        assert file.statements["difference_minor"].to_pylist() == [0]
    file = read(document(balance("CLBD", "100.00") + entry()))
    assert file.statements["difference_minor"].to_pylist() == [None]
    file = read(document(overdrawn))
    assert file.statements["difference_minor"].to_pylist() == [-10_000]
