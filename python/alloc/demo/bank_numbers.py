"""French account numbers with right check digits, at banks that do not exist."""

from __future__ import annotations

from alloc.domain.check_digits import complete

FRANCE = "152700"  # F = 15, R = 27, then the two check digits as zeros (ISO 7064)
LUXEMBOURG = "213000"


def french_iban(bank: str, branch: str, account: str) -> str:
    """Compose the IBAN of a French account.

    Parameters
    ----------
    bank, branch
        Five digits each.
    account
        Eleven digits.

    Returns
    -------
    str
        27 characters; RIB key (weights 89, 15, 3) and IBAN check digits are right.

    Examples
    --------
    >>> french_iban("20041", "01005", "00050001302")
    'FR7620041010050005000130242'
    """
    weighed = 89 * int(bank) + 15 * int(branch) + 3 * int(account)
    bban = f"{bank}{branch}{account}{97 - weighed % 97:02d}"
    return f"FR{98 - int(bban + FRANCE) % 97:02d}{bban}"


def luxembourg_iban(bank: str, account: str) -> str:
    """Compose the IBAN of a Luxembourg account: three and thirteen digits."""
    bban = f"{bank}{account}"
    return f"LU{98 - int(bban + LUXEMBOURG) % 97:02d}{bban}"


def creditor_reference(digits: str) -> str:
    """Compose an ISO 11649 reference over digits.

    Examples
    --------
    >>> creditor_reference("539007547034")
    'RF18539007547034'
    """
    return complete("iso11649", digits)


def siren(stem: int) -> str:
    """Complete eight digits to a company number with a right Luhn digit.

    Examples
    --------
    >>> siren(73282932)
    '732829320'
    """
    return complete("siren", f"{stem:08d}")


def vat_number(company: str) -> str:
    """Compose the French VAT number of a company number."""
    return complete("fr_vat", company)
