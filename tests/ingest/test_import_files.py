"""Files go into the ledger whole, once, or not at all."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from alloc.app.import_files import ImportReport, Total, import_files
from alloc.errors import AllocError, ConflictError, InputError
from alloc.ingest import Reader, load_profile, open_reader
from alloc.settings import Settings, load_settings
from alloc.store import SqlLedger, create_ledger, open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
IBAN = "FR1420041010050500013M02606"
SETTINGS = load_settings(
    f"""
[[entity]]
id = "E01"
name = "One"
[[entity.bank]]
iban = "{IBAN}"
""",
    name="alloc.toml",
)
ITEMS = """\
entity,item_id,customer_id,currency,open_amount,due_date
E01,F1,C1,EUR,100.00,2026-03-31
E01,F2,C1,EUR,-20.50,
"""


class Desk:
    """A workspace for one test: files are written and imported by name."""

    def __init__(self, folder: Path, ledger: SqlLedger) -> None:
        self.folder, self.ledger = folder, ledger
        self.reader = Reader()
        self.settings: Settings = SETTINGS

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def take(self, *texts: str) -> list[ImportReport]:
        paths = [self.write(f"{n}.file", text) for n, text in enumerate(texts)]
        return import_files(self.ledger, self.settings, self.reader, paths, now=NOW)

    def refuse(self, text: str) -> AllocError:
        before = self.ledger.counts()
        with pytest.raises(InputError) as caught:
            self.take(text)
        assert self.ledger.counts() == before
        assert caught.value.metadata["file"] == "0.file"
        return caught.value


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    create_ledger(str(path))
    return path.read_bytes()


@pytest.fixture
def desk(tmp_path: Path, empty: bytes) -> Iterator[Desk]:
    path = tmp_path / "ledger.db"
    path.write_bytes(empty)
    with open_ledger(str(path), write=True) as ledger:
        yield Desk(tmp_path, ledger)


# Bank files


def mt940(
    *lines: str, account: str = IBAN, opening: str = "0,00", closing: str = "0,00"
) -> str:
    entries = "".join(f":61:{line}\n" for line in lines)
    return (
        f":20:A\n:25:{account}\n:28C:7/1\n:60F:C260301EUR{opening}\n{entries}"
        f":62F:C260302EUR{closing}\n"
    )


DAY = mt940(
    "2603020302C100,00NTRFNONREF//B1",
    "2603020302D30,00NTRFNONREF//B2",
    "2603020302RD5,00NTRFNONREF//B3",
    closing="75,00",
)


def test_a_statement_makes_payments_of_its_credits_only(desk: Desk) -> None:
    (report,) = desk.take(DAY)
    assert (report.source.kind, report.source.format) == ("bank", "MT940")
    assert (report.counts.read, report.counts.new, report.counts.aside) == (3, 3, 2)
    assert report.totals == (Total("EUR", 1, 10000),)
    assert report.statements == 1
    (payment,) = desk.ledger.payments().to_pylist()
    assert (payment["entity"], payment["amount_minor"]) == ("E01", 10000)


def test_the_same_bytes_change_nothing_and_say_so(desk: Desk) -> None:
    desk.take(DAY)
    (again,) = desk.take(DAY)
    assert again.counts.already_imported
    assert again.counts.imported_at.startswith("2026-03-02T06:00")
    assert desk.ledger.payments().num_rows == 1


def test_an_account_of_no_entity_is_refused_with_the_remedy(desk: Desk) -> None:
    other = "DE89370400440532013000"
    error = desk.refuse(DAY + mt940(account=other))
    assert error.reason == "ACCOUNT_UNKNOWN"
    assert error.metadata["account"] == other
    assert error.metadata["line"] == "9"
    assert f"alloc entity add ID --name NAME --iban {other}" in str(error)


def test_an_account_is_found_by_the_number_inside_its_iban(desk: Desk) -> None:
    (report,) = desk.take(DAY.replace(IBAN, "20041/01005/0500013M026"))
    assert report.counts.new == 3


def test_a_statement_that_does_not_add_up_is_refused_with_the_amounts(
    desk: Desk,
) -> None:
    error = desk.refuse(DAY.replace("EUR75,00", "EUR75,01"))
    assert error.reason == "BALANCE_OFF"
    assert error.metadata["difference_minor"] == "-1"
    assert (
        "0.00 EUR and its entries make 75.00 EUR, it says 75.01 EUR: -0.01 EUR off"
        in str(error)
    )


def test_a_statement_that_does_not_add_up_may_be_kept_with_a_notice(desk: Desk) -> None:
    desk.settings = msgspec.structs.replace(SETTINGS, balance_check="warn")
    (report,) = desk.take(DAY.replace("EUR75,00", "EUR75,01"))
    assert [notice.code for notice in report.notices] == ["BALANCE_OFF"]
    assert report.counts.new == 3


def test_an_entry_that_cannot_be_read_is_never_lost_silently(desk: Desk) -> None:
    first = DAY.splitlines().index(next(x for x in DAY.splitlines() if ":61:" in x))
    lines = DAY.splitlines()
    lines[first] = lines[first].replace(",", ",,,", 1)
    damaged = "\n".join(lines) + "\n"
    desk.settings = msgspec.structs.replace(SETTINGS, import_strict=True)
    assert desk.refuse(damaged).metadata["line"] == str(first + 1)
    desk.settings = SETTINGS
    (report,) = desk.take(damaged)
    assert next(notice.code for notice in report.notices) == "AMOUNT_INVALID"
    assert "BALANCE_OFF" in [notice.code for notice in report.notices]
    assert report.counts.new == 2


def test_a_bank_file_that_is_cut_is_refused_with_its_line(desk: Desk) -> None:
    error = desk.refuse(DAY[: DAY.index(":62F:")])
    assert int(error.metadata["line"]) >= 4


# Tables


def test_open_items_are_imported_with_what_is_open(desk: Desk) -> None:
    (report,) = desk.take(ITEMS)
    assert report.source.profile == "generic_open_items"
    assert report.totals == (Total("EUR", 2, 7950),)
    items = desk.ledger.open_items().to_pylist()
    assert [(row["item_id"], row["open_minor"]) for row in items] == [
        ("F1", 10000),
        ("F2", -2050),
    ]
    assert {row["account"] for row in items} == {"411000"}


def test_a_snapshot_closes_what_it_no_longer_lists(desk: Desk) -> None:
    desk.reader = Reader(
        (
            load_profile(
                "kind='open_items'\nsnapshot=true\nentity='E01'\ncurrency='EUR'\n"
                "[file]\nformat='csv'\n[columns]\nitem_id='item'\n"
                "customer_id='customer'\nopen_minor='open'",
                "erp",
            ),
        )
    )
    desk.take("item;customer;open\nF1;C1;1.00\nF2;C1;2.00\n")
    (report,) = desk.take("item;customer;open\nF2;C1;2.00\n")
    assert (report.counts.known, report.counts.closed) == (1, 1)
    assert desk.ledger.open_items()["item_id"].to_pylist() == ["F2"]


def test_an_entity_that_is_not_in_the_settings_is_refused_with_its_line(
    desk: Desk,
) -> None:
    error = desk.refuse(ITEMS.replace("E01,F2", "E02,F2"))
    assert (error.reason, error.metadata["line"]) == ("ENTITY_UNKNOWN", "3")


def test_customers_are_imported_without_ibans_that_are_none(desk: Desk) -> None:
    (report,) = desk.take(
        f"customer_id,name,known_ibans\nC1,Martin,{IBAN}|FR15{IBAN[4:]}\nC2,Durand,\n"
    )
    (notice,) = report.notices
    assert (notice.code, notice.line) == ("IBAN_INVALID", 2)
    assert f"0.file:2: known_ibans: 'FR15{IBAN[4:]}' is not an IBAN" in notice.message
    assert desk.ledger.customers()["known_ibans"].to_pylist() == [[IBAN], None]


def test_the_first_wrong_file_stops_and_the_earlier_ones_stay(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"1\.file:2: open_minor"):
        desk.take(ITEMS, ITEMS.replace("100.00", "100.005"), DAY)
    assert desk.ledger.open_items().num_rows == 2
    assert desk.ledger.payments().num_rows == 0


# Files


@pytest.mark.parametrize("text", [ITEMS, DAY])
def test_a_file_that_changes_while_it_is_read_is_left_alone(
    desk: Desk, text: str
) -> None:
    path = desk.write("0.file", text)

    class Slow(Reader):
        def open(self, path: Path):  # type: ignore[no-untyped-def]
            opened = super().open(path)
            path.write_text(path.read_text() + "\n")
            return opened

    with pytest.raises(ConflictError) as caught:
        import_files(desk.ledger, SETTINGS, Slow(), [path], now=NOW)
    assert caught.value.reason == "FILE_CHANGED"
    assert desk.ledger.counts().files == 0


def test_a_file_without_permission_is_refused_by_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(InputError, match=r"day\.sta may not be read: no permission"):
        import_files(
            desk.ledger, SETTINGS, Reader(), [desk.folder / "day.sta"], now=NOW
        )


def test_a_folder_is_refused_by_name(desk: Desk) -> None:
    with pytest.raises(InputError, match="is a folder, not a file"):
        import_files(desk.ledger, SETTINGS, Reader(), [desk.folder], now=NOW)


def test_the_reader_of_a_workspace_has_its_profiles(tmp_path: Path) -> None:
    (tmp_path / "erp.toml").write_text(
        "kind='customers'\n[file]\nformat='csv'\n[columns]\ncustomer_id='a'\nname='b'"
    )
    assert [profile.name for profile in open_reader(tmp_path).profiles] == ["erp"]
    assert open_reader(tmp_path / "missing").profiles == ()


# Advices

ADVICE = """\
reference;currency;amount;deduction;payment_reference;payment_date;total
F1;EUR;100.00;;AV-778899;2026-03-01;95.00
F2;EUR;-5.00;;;;
"""


def test_an_advice_table_becomes_one_advice_filled_down(desk: Desk) -> None:
    (report,) = desk.take(ADVICE)
    assert (report.counts.read, report.counts.new) == (1, 1)
    assert report.notices == ()
    (advice,) = desk.ledger.advices().to_pylist()
    assert (advice["payment_reference"], advice["total_minor"]) == ("AV-778899", 9500)
    assert (advice["lines_minor"], advice["line_count"]) == (9500, 2)


def test_an_advice_whose_lines_do_not_make_its_total_says_so(desk: Desk) -> None:
    (report,) = desk.take(ADVICE.replace("95.00", "96.00"))
    (notice,) = report.notices
    assert (notice.code, notice.key, notice.line) == (
        "ADVICE_TOTAL_DIFFERS",
        "AV-778899",
        2,
    )
    assert "make 95.00 EUR, it says 96.00 EUR" in notice.message
    gross = ADVICE.replace("100.00;;", "100.00;1.50;").replace("95.00", "93.50")
    assert desk.take(gross)[0].notices == ()


def test_two_advices_in_one_table_are_told_apart_by_their_reference(desk: Desk) -> None:
    (report,) = desk.take(ADVICE + "F3;EUR;7.00;;AV-2;;7.00\n")
    assert report.counts.new == 2


def test_lines_that_contradict_each_other_are_refused_with_both_lines(
    desk: Desk,
) -> None:
    error = desk.refuse(ADVICE + "F3;EUR;7.00;;;;99.00\n")
    assert error.reason == "ADVICE_MIXED"
    assert "0.file:4: total_minor: 9900 contradicts 9500" in str(error)
    assert "begins in line 2" in str(error)


PAID = mt940("2603020302C95,00NTRFAV-778899//B1", closing="95,00")


@pytest.mark.parametrize("order", [(PAID, ADVICE), (ADVICE, PAID)])
def test_an_advice_may_come_before_or_after_the_money(
    desk: Desk, order: tuple[str, str]
) -> None:
    for text in order:
        desk.take(text)
    lines = desk.ledger.remittances().to_pylist()
    assert [(row["reference"], row["amount_minor"]) for row in lines] == [
        ("F1", 10000),
        ("F2", -500),
    ]


# Notifications


def camt(message: str, body: str) -> str:
    root = {"053": "BkToCstmrStmt", "054": "BkToCstmrDbtCdtNtfctn"}[message]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.08">\n'
        f"<{root}><GrpHdr><MsgId>M</MsgId></GrpHdr>{body}</{root}></Document>\n"
    )


def entry(details: str = "") -> str:
    return (
        '<Ntry><Amt Ccy="EUR">95.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        "<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt>"
        "<AcctSvcrRef>B77</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>PMNT</Cd></Domn></BkTxCd>{details}</Ntry>"
    )


def detail(amount: str, end_to_end_id: str, document: str) -> str:
    return (
        f"<TxDtls><Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs>"
        f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><RmtInf><Strd>'
        f"<RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>{document}</Nb>"
        f'</RfrdDocInf><RfrdDocAmt><RmtdAmt Ccy="EUR">{amount}</RmtdAmt></RfrdDocAmt>'
        "</Strd></RmtInf></TxDtls>"
    )


def balance(code: str, amount: str, day: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


ACCOUNT = f"<Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
STATEMENT = camt(
    "053",
    f"<Stmt><Id>S</Id>{ACCOUNT}{balance('OPBD', '0.00', '2026-03-01')}"
    f"{balance('CLBD', '95.00', '2026-03-02')}{entry()}</Stmt>",
)
BATCH = (
    f"<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>{detail('60.00', 'E1', 'F1')}"
    f"{detail('35.00', 'E2', 'F2')}</NtryDtls>"
)
NOTIFICATION = camt("054", f"<Ntfctn><Id>N</Id>{ACCOUNT}{entry(BATCH)}</Ntfctn>")


@pytest.mark.parametrize(
    "order", [(STATEMENT, NOTIFICATION), (NOTIFICATION, STATEMENT)]
)
def test_a_notification_tells_what_a_booking_is_made_of(
    desk: Desk, order: tuple[str, str]
) -> None:
    reports = [report for text in order for report in desk.take(text)]
    assert sum(report.advices for report in reports) == 2
    (payment,) = desk.ledger.payments().to_pylist()
    assert payment["amount_minor"] == 9500
    lines = desk.ledger.remittances().to_pylist()
    assert {row["payment_id"] for row in lines} == {payment["payment_id"]}
    assert sorted((row["reference"], row["amount_minor"]) for row in lines) == [
        ("F1", 6000),
        ("F2", 3500),
    ]


def test_a_notification_alone_is_no_money(desk: Desk) -> None:
    (report,) = desk.take(NOTIFICATION)
    assert desk.ledger.payments().num_rows == 0
    assert report.counts.aside == 2
    assert desk.ledger.counts().advices_linked == 0
