"""Contract of the native module; `alloc.engine` is its only importer."""

__version__: str

def currency_exponent(code: str) -> int | None:
    """Digits after the decimal point of a currency.

    Parameters
    ----------
    code
        ISO 4217 alphabetic code, upper case.

    Returns
    -------
    int or None
        2 for EUR, 0 for JPY, 3 for TND; None when there is no such active code.
    """
