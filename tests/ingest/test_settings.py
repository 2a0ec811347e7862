"""A workspace's settings are checked whole; each mistake is named with its line."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from alloc.errors import InputError, NotFoundError
from alloc.settings import (
    ACCOUNTS,
    BankAccount,
    Entity,
    add_entity,
    load_settings,
    read_settings,
)

if TYPE_CHECKING:
    from pathlib import Path

IBAN = "FR1420041010050500013M02606"

GROUP = """\
# The group, as the treasurer wrote it.
[workspace]
name = "Groupe Martin"
locale = "fr"
currency = "EUR"

[policy]
max_wrong_ppm = 50

[accounts]
suspense = "471100"

[journals]
BQ1 = "Banque principale"

[[entity]]
id = "E01"           # the holding
name = "Martin SA"
siren = "732 829 320"
fiscal_year_end = "06-30"
accounts = { customer = "411100" }

[[entity.bank]]
iban = "FR14 2004 1010 0505 0001 3M02 606"
journal = "BQ1"
account = "512100"

[[entity]]
id = "E02"
name = "Martin GmbH"
currency = "CHF"

[[entity.bank]]
iban = "DE89370400440532013000"

[[entity.bank]]
number = "NL-7788/99"
"""


def mistakes(text: str) -> str:
    with pytest.raises(InputError) as caught:
        load_settings(text, name="alloc.toml")
    return str(caught.value)


def test_a_group_is_read_with_the_defaults_of_the_french_chart() -> None:
    settings = load_settings(GROUP, name="alloc.toml")
    first, second = settings.entities
    assert (settings.name, settings.locale) == ("Groupe Martin", "fr")
    assert (settings.policy.max_wrong_ppm, settings.policy.amount_only) == (50, False)
    assert settings.journals == {
        "BQ1": "Banque principale",
        "OD": "Opérations diverses",
    }
    assert (first.siren, first.currency, second.currency) == ("732829320", "EUR", "CHF")
    assert first.accounts == {**ACCOUNTS, "suspense": "471100", "customer": "411100"}
    assert second.accounts == {**ACCOUNTS, "suspense": "471100"}
    assert first.banks == (BankAccount(iban=IBAN, journal="BQ1", account="512100"),)
    assert second.banks[0].account == "512000"


def test_an_empty_file_is_a_workspace_without_entities() -> None:
    settings = load_settings("", name="alloc.toml")
    assert settings.entities == ()
    assert settings.ledger_url == "sqlite:///ledger.db"
    assert settings.balance_check == "refuse"


@pytest.mark.parametrize(
    ("written", "entity"),
    [
        (IBAN, "E01"),
        ("FR14 2004 1010 0505 0001 3M02 606", "E01"),
        ("fr1420041010050500013m02606", "E01"),
        ("20041010050500013M026", "E01"),  # CFONB: bank, branch, account
        ("20041 01005 0500013M026", "E01"),
        ("20041010050500013M02606", "E01"),  # with its key
        (IBAN + "EUR", "E01"),
        ("37040044/0532013000", "E02"),  # MT940 of a German bank
        ("DEUTDEFF/DE89370400440532013000", "E02"),
        ("NL778899", "E02"),
        ("NL-7788/99", "E02"),
    ],
)
def test_an_account_is_found_as_banks_write_it(written: str, entity: str) -> None:
    found = load_settings(GROUP, name="alloc.toml").bank_account(written)
    assert found is not None
    assert found[0].id == entity


@pytest.mark.parametrize("written", ["", "FR14", "20041010050500013M02", "0532013000"])
def test_a_part_of_an_account_finds_nothing(written: str) -> None:
    assert load_settings(GROUP, name="alloc.toml").bank_account(written) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[policy]\nmax_wrong = 3", "alloc.toml:2: policy.max_wrong: unknown key; did"),
        ("[plociy]\n", "alloc.toml:1: plociy: unknown key; did you mean policy?"),
        (
            '[policy]\nmax_wrong_ppm = "3"',
            'alloc.toml:2: policy.max_wrong_ppm: expected a whole number, not "3"',
        ),
        ("[policy]\nmax_wrong_ppm = -1", "alloc.toml:2: policy.max_wrong_ppm: must be"),
        ("[policy]\namount_only = 1", "policy.amount_only: expected true or false"),
        ("[policy]\nvat_rates = ['20']", "policy.vat_rates: '20' is no rate:"),
        ("[policy]\ndeductions = ['gift']", "policy.deductions: 'gift' is not known;"),
        ("policy = 1", "alloc.toml:1: policy: expected a table, not 1"),
        ("[entity]\nid = 'E'", "alloc.toml:1: entity: expected tables: write [[ent"),
        ("[workspace]\ncurrency = 'EURO'", "alloc.toml:2: workspace.currency: 'EURO'"),
        ("[workspace]\nlocale = 'de'", "alloc.toml:2: workspace.locale: must be one"),
        ("[workspace]\nname = ' '", "workspace.name: must not be empty"),
        (
            "[accounts]\nsupense = '471'",
            "accounts.supense: unknown key; did you mean s",
        ),
        ("[accounts]\nsuspense = '4 71'", "accounts.suspense: '4 71' is not an acc"),
        ("[accounts]\nsuspense = 471000", "accounts.suspense: expected text in quotes"),
        ("[lettering]\ngranularity = 'per_line'", "lettering.granularity: must be one"),
        ("[import]\nbalance_check = 'no'", "import.balance_check: must be one of ref"),
        ("[inbox]\nignore = []", "inbox.ignore: expected a text or a list of texts"),
        ("[journals]\nBQ1 = 3", "journals.BQ1: expected text in quotes, not 3"),
        ("[[entity]]\nname = 'A'", "alloc.toml:1: entity[0]: id is missing"),
        (
            "\n[[entity]]\nid = 'A'\nsiren = '732829321'",
            "alloc.toml:4: entity[0].siren: '732829321' is no SIREN: its check digit",
        ),
        (
            "[accounts]\nsuspense = '411000'",
            "accounts: customer and suspense are the same account, 411000",
        ),
        (
            "[accounts]\nretention = '411000'",
            "accounts: customer and retention are the same account, 411000",
        ),
        (
            "[[entity]]\nid = 'A'\naccounts = { customer = '512000' }",
            "entity[0].accounts: bank and customer are the same account, 512000",
        ),
        (
            "[[entity]]\nid = 'A'\n[[entity.bank]]\nnumber = '1'\naccount = '471000'",
            "entity[0].bank[0].account: 471000 is the account of suspense",
        ),
        ("[[entity]]\nid='A/B'\nname='A'", "alloc.toml:2: entity[0].id: 'A/B' is not"),
        (
            "[[entity]]\nid='A'\nname='A'\nsiren='12345'",
            "alloc.toml:4: entity[0].siren: '12345' is not a SIREN",
        ),
        (
            "[[entity]]\nid='A'\nname='A'\nfiscal_year_end='02-30'",
            "alloc.toml:4: entity[0].fiscal_year_end: '02-30' is not a day",
        ),
        (
            "[[entity]]\nid='A'\nname='A'\n\n[[entity]]\nname='B'\nid='A'",
            "alloc.toml:7: entity[1].id: entity A stands twice: also in line 2",
        ),
        (
            "[[entity]]\nid='A'\nname='A'\n[[entity.bank]]\njournal='BQ1'",
            "alloc.toml:4: entity[0].bank[0]: iban is missing (or number",
        ),
        (
            "[[entity]]\nid='A'\nname='A'\n[[entity.bank]]\niban='DE88 3704 0044 0532'",
            "alloc.toml:5: entity[0].bank[0].iban: 'DE88 3704 0044 0532' is not an IBA",
        ),
        ("[workspace\nname = 1", "alloc.toml:1: not TOML: "),
        ("a = 1\na = 2", "alloc.toml:2: not TOML: "),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(text: str, said: str) -> None:
    assert said in mistakes(text)


@pytest.mark.parametrize(
    "second", [f"iban = '{IBAN}'", "number = '20041 01005 0500013M026'"]
)
def test_two_accounts_that_files_cannot_tell_apart_are_refused(second: str) -> None:
    text = f"[[entity]]\nid='A'\nname='A'\n[[entity.bank]]\niban='{IBAN}'\n"
    text += f"[[entity]]\nid='B'\nname='B'\n[[entity.bank]]\n{second}\n"
    assert "stands twice: also in line 5" in mistakes(text)


def test_all_mistakes_are_listed_at_once_in_the_order_of_the_file() -> None:
    text = "[workspace]\nlocal = 'fr'\n[policy]\namount_only = 'no'\n"
    with pytest.raises(InputError) as caught:
        load_settings(text, name="alloc.toml")
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0] for line in lines] == ["alloc.toml:2", "alloc.toml:4"]
    assert caught.value.reason == "SETTINGS_INVALID"
    assert caught.value.metadata == {
        "file": "alloc.toml",
        "line": "2",
        "field": "workspace.local",
        "mistakes": "2",
    }


def test_a_flood_of_mistakes_is_cut_and_counted() -> None:
    text = "\n".join(f"x{number} = 1" for number in range(100))
    lines = mistakes(text).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 80 more"


def test_an_entity_is_added_and_every_comment_stays() -> None:
    text = add_entity(
        GROUP,
        entity_id="E03",
        entity_name='Martin "Sud"',
        siren="732829320",
        accounts={"customer": "411300"},
        banks=[BankAccount(iban="BE68539007547034", journal="BQ3", account="512300")],
    )
    assert text.startswith(GROUP)
    added = load_settings(text, name="alloc.toml").entity("E03")
    assert added.name == 'Martin "Sud"'
    assert added.accounts["customer"] == "411300"
    assert added.banks[0].account == "512300"
    assert "number" not in text[len(GROUP) :]


def test_an_entity_is_added_to_an_empty_file() -> None:
    text = add_entity("", entity_id="E1", entity_name="One")
    assert load_settings(text, name="alloc.toml").entity("E1").name == "One"


def test_an_entity_whose_account_is_taken_is_not_added() -> None:
    with pytest.raises(InputError, match="stands twice") as caught:
        add_entity(
            GROUP,
            entity_id="E03",
            entity_name="Copy",
            banks=[BankAccount(iban=IBAN)],
        )
    assert caught.value.metadata["field"] == "entity[2].bank[0].iban"


def test_an_unknown_entity_is_named_with_the_remedy() -> None:
    settings = load_settings(GROUP, name="alloc.toml")
    with pytest.raises(NotFoundError, match=r"E99 .*alloc entity add"):
        settings.entity("E99")


@pytest.mark.parametrize(
    ("closing", "day", "year", "span"),
    [
        ("12-31", "2026-12-31", 2026, ("2026-01-01", "2026-12-31")),
        ("06-30", "2026-06-30", 2026, ("2025-07-01", "2026-06-30")),
        ("06-30", "2026-07-01", 2027, ("2026-07-01", "2027-06-30")),
        ("02-29", "2026-02-28", 2026, ("2025-03-01", "2026-02-28")),
        ("02-29", "2028-02-29", 2028, ("2027-03-01", "2028-02-29")),
    ],
)
def test_a_day_belongs_to_the_fiscal_year_that_closes_next(
    closing: str, day: str, year: int, span: tuple[str, str]
) -> None:
    entity = Entity(id="E", name="E", fiscal_year_end=closing)
    assert entity.fiscal_year(dt.date.fromisoformat(day)) == year
    assert entity.fiscal_year_span(year) == tuple(map(dt.date.fromisoformat, span))


def test_a_settings_file_is_read_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "alloc.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GROUP.encode())
    assert read_settings(path).name == "Groupe Martin"


def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="alloc init"):
        read_settings(tmp_path / "alloc.toml")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_settings(tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"[workspace]\nname = '\xe9t\xe9'\n")
    with pytest.raises(InputError, match=r"latin.toml:2: not UTF-8") as caught:
        read_settings(latin)
    assert caught.value.metadata["line"] == "2"


def test_a_closed_period_moves_the_entry_to_the_first_open_day() -> None:
    settings = load_settings(
        GROUP.replace('siren = "732', 'locked_until = 2026-03-31\nsiren = "732'),
        name="alloc.toml",
    )
    entity = settings.entity("E01")
    assert entity.first_open_day(dt.date(2026, 3, 31)) == dt.date(2026, 4, 1)
    assert entity.first_open_day(dt.date(2026, 4, 2)) == dt.date(2026, 4, 2)


def test_a_lock_that_is_no_date_is_named_with_its_line() -> None:
    text = GROUP.replace('siren = "732', 'locked_until = "March"\nsiren = "732')
    with pytest.raises(InputError, match=r"alloc\.toml:19: .*locked_until"):
        load_settings(text, name="alloc.toml")


def test_the_nightly_exports_are_formats_that_exist() -> None:
    text = GROUP + '\n[export]\nformats = ["json", "fec"]\n'
    assert load_settings(text, name="alloc.toml").exports == ("fec", "json")
    with pytest.raises(InputError, match="'pdf' is none of fec, beancount"):
        load_settings(text.replace("json", "pdf"), name="alloc.toml")


def test_the_example_of_the_guide_is_valid(root: Path) -> None:
    guide = (root / "docs/guide/settings.md").read_text("utf-8")
    example = guide.partition("```toml\n")[2].partition("```")[0]
    assert load_settings(example, name="guide").entity("E01").siren == "732829320"
    roles = guide.partition("Roles: ")[2].replace("\n", " ").rstrip(". ").split(", ")
    assert sorted(role.strip("` ") for role in roles) == sorted(ACCOUNTS)


@pytest.mark.parametrize("folder", [".", "..", "../other", "/tmp", "done", "failed/x"])  # noqa: S108
def test_the_inbox_is_a_folder_of_its_own_in_the_workspace(folder: str) -> None:
    text = GROUP + f'\n[inbox]\nfolder = "{folder}"\n'
    with pytest.raises(InputError, match="no folder of its own") as caught:
        load_settings(text, name="alloc.toml")
    assert caught.value.reason == "SETTINGS_INVALID"


def test_an_entity_without_a_name_goes_by_its_id() -> None:
    settings = load_settings("[[entity]]\nid = 'E01'\n", name="alloc.toml")
    assert settings.entity("E01").name == "E01"


def test_charges_and_losses_may_share_an_account() -> None:
    text = "[accounts]\nfx_loss = '658000'\nrounding_loss = '658000'\n"
    assert load_settings(text, name="alloc.toml").accounts["fx_loss"] == "658000"
