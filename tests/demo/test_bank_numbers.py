from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from schwifty import BIC, IBAN
from schwifty.exceptions import InvalidBankCode

from alloc.demo.bank_numbers import creditor_reference, siren, vat_number
from alloc.demo.customers import payer_iban
from alloc.demo.group import BANKS

if TYPE_CHECKING:
    from demo_case import Demo


def test_every_iban_has_right_check_digits_and_rib_key(day: Demo) -> None:
    accounts = [a.iban for entity in day.plan.entities for a in entity.accounts]
    for iban in [*accounts, *day.plan.customers.ibans]:
        assert IBAN(iban, validate_bban=True).is_valid


def test_no_account_is_used_twice(day: Demo) -> None:
    accounts = [a.iban for entity in day.plan.entities for a in entity.accounts]
    everyone = [*accounts, *day.plan.customers.ibans]
    assert len(set(everyone)) == len(everyone)


def test_the_banks_do_not_exist() -> None:
    codes = {bank.code for bank in BANKS} | {payer_iban(n, 0)[4:9] for n in range(99)}
    for code in sorted(codes):
        with pytest.raises(InvalidBankCode):
            BIC.from_bank_code("FR", code)


def test_creditor_references_follow_iso_11649() -> None:
    assert creditor_reference("539007547034") == "RF18539007547034"


def test_company_numbers_follow_luhn() -> None:
    assert siren(73_282_932) == "732829320"
    assert vat_number("732829320") == "FR44732829320"
