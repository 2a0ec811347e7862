"""The text of a new ``alloc.toml``, commented in the language of the workspace."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alloc.messages import Messages

__all__ = ["config_text"]


def config_text(messages: Messages, *, name: str, currency: str) -> str:
    """Write the configuration of a new workspace.

    Parameters
    ----------
    messages
        The language of comments, and the locale of the workspace.
    name
        Name of the group.
    currency
        ISO 4217 code of entities that name none.

    Returns
    -------
    str
        TOML; every optional key is there as a comment with its default.
    """
    say = messages.say
    head = say("Configuration of this workspace; every command checks it.")
    locale = say("Language of labels, tables and reports: en or fr.")
    money = say("Currency of entities that name none, ISO 4217.")
    ledger = say("A file of this folder.")
    wrong = say("Wrong automatic decisions that are accepted, per million.")
    amount = say("Whether an amount alone may decide, without reference or payer.")
    nightly = say("Formats that 'alloc run' writes into exports/.")
    accounts = say("Account numbers by role; these are the defaults (French PCG).")
    entities = say("One block per legal entity; 'alloc entity add' writes them.")
    return f"""\
# {head}

[workspace]
name = {_quote(name)}
# {locale}
locale = {_quote(messages.locale)}
# {money}
currency = {_quote(currency)}

[ledger]
# {ledger}
url = "sqlite:///ledger.db"

[policy]
# {wrong}
max_wrong_ppm = 100
# {amount}
amount_only = false

# {nightly}
[export]
# formats = ["fec", "beancount", "hledger", "csv", "json"]

# {accounts}
[accounts]
# bank = "512000"
# customer = "411000"
# suspense = "471000"

# {entities}
# [[entity]]
# id = "PARIS"
# name = "Garage de Paris"
# siren = "732829320"
# fiscal_year_end = "12-31"
#
# [[entity.bank]]
# iban = "FR7630006000011234567890189"
# journal = "BQ1"
# account = "512000"
"""


def _quote(text: str) -> str:
    # JSON's escapes are TOML's too, but for DEL, which JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
