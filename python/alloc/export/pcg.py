"""Names of French accounts by their root, for files that must name every account."""

from __future__ import annotations

#: Root of the account -> its name in the plan comptable général; the longest root wins.
LABELS = {
    "401": "Fournisseurs",
    "408": "Fournisseurs - Factures non parvenues",
    "4091": "Fournisseurs - Avances et acomptes versés sur commandes",
    "411": "Clients",
    "4117": "Clients - Retenues de garantie",
    "416": "Clients douteux ou litigieux",
    "4191": "Clients - Avances et acomptes reçus sur commandes",
    "4197": "Clients - Autres avoirs",
    "4198": "Rabais, remises, ristournes à accorder et autres avoirs à établir",
    "444": "État - Impôts sur les bénéfices",
    "44564": "TVA déductible en attente",
    "44566": "TVA sur autres biens et services",
    "44571": "TVA collectée",
    "44574": "TVA collectée en attente",
    "4458": "Taxes sur le chiffre d'affaires à régulariser ou en attente",
    "451": "Groupe",
    "467": "Autres comptes débiteurs ou créditeurs",
    "471": "Comptes d'attente",
    "511": "Valeurs à l'encaissement",
    "512": "Banques",
    "622": "Rémunérations d'intermédiaires et honoraires",
    "627": "Services bancaires et assimilés",
    "635": "Autres impôts, taxes et versements assimilés",
    "637": "Autres impôts, taxes et versements assimilés (autres organismes)",
    "654": "Pertes sur créances irrécouvrables",
    "656": "Pertes de change sur créances et dettes commerciales",
    "658": "Charges diverses de gestion courante",
    "665": "Escomptes accordés",
    "666": "Pertes de change financières",
    "668": "Autres charges financières",
    "708": "Produits des activités annexes",
    "709": "Rabais, remises et ristournes accordés",
    "756": "Gains de change sur créances et dettes commerciales",
    "758": "Produits divers de gestion courante",
    "763": "Revenus des autres créances",
    "765": "Escomptes obtenus",
    "766": "Gains de change financiers",
    "768": "Autres produits financiers",
}


def account_label(account: str) -> str:
    """Name an account by its root; an account without a known root by its number.

    Examples
    --------
    >>> account_label("411000"), account_label("411700"), account_label("999")
    ('Clients', 'Clients - Retenues de garantie', '999')
    """
    roots = (account[:length] for length in range(len(account), 2, -1))
    return next((LABELS[root] for root in roots if root in LABELS), account)
