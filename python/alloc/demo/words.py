"""The invented vocabulary: names of people, companies, brands and banks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def _split(text: str, *, separator: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(separator))


FIRST_NAMES = _split(
    "Adèle Agathe Alban Alice Aline Amaury Anaïs André Antoine Arthur Aurélie Bastien "
    "Benoît Bérénice Camille Capucine Cécile Chloé Clément Colette Damien Delphine "
    "Désiré Diane Édouard Élise Éloi Émile Estelle Étienne Fabien Fanny Félix Flore "
    "Florent Gabrielle Gaël Gaston Geneviève Germain Guilhem Hélène Honoré Hugo Inès "
    "Irène Jeanne Joël Jules Justine Laure Léon Léonie Loïc Lucie Madeleine Maël "
    "Margaux Marius Maud Mélanie Nadège Noé Océane Odile Olivier Ombeline Pauline "
    "Perrine Quentin Raphaël Régis René Romane Sabine Salomé Séverin Solène Sylvain "
    "Tanguy Thaïs Théo Ursule Valentin Victoire Xavier Yann Yvonne Zoé"
)

_NAME_STARTS = _split(
    "Aube Bar Bel Ber Blan Bois Bou Bri Cas Cha Char Clai Cor Cour Del Dor Dru Fau Fer "
    "Fon Gal Gar Gau Gir Gran Hau Jou Lan Lau Lor Mal Mar Mau Mer Mon Mor Nau Per Pom "
    "Pru Rau Ren Rou Sau Ser Tal Tar Val Vau Ver Vil"
)

_NAME_ENDS = _split(
    "bert bet card cier court dard dier don gnac gnon gnot lain land lard let lier "
    "lin lon mand mont nard neau net nier quin rand rault reau ret rier rin son tain "
    "tier ton val veau vier vin zac"
)

TRADES = _split(
    "Ambulances Architecture Ascenseurs Boulangerie Carrelage Charpentes Chauffage "
    "Constructions Couverture Démolition Distribution Électricité Espaces-Verts "
    "Fermetures Fromagerie Imprimerie Informatique Isolation Levage Logistique "
    "Maçonnerie Menuiserie Messagerie Métallerie Nettoyage Peinture Pépinières "
    "Plomberie Restauration Sanitaire Serrurerie Signalisation Taxis Terrassement "
    "Tôlerie Transports Travaux-Publics Vidanges Viandes"
)

GARAGES = _split(
    "Garage Carrosserie Auto-Pièces Centre-Auto Dépannage Station Pneus "
    "Mécanique Pare-Brise Contrôle-Auto"
)

LEGAL_FORMS = ("SARL", "SAS", "EURL", "SA", "SNC", "SCOP")

_LESSOR_NAMES = _split(
    "Arvelis Boréal Cadenza Demetra Elvance Fluvia Gallica Horizane Isaura Jovalis "
    "Kaléis Lutétia Mobilys Novalia Orane Pallas Quadrille Rivalis Solstice Tramontane"
)

_INSURER_NAMES = _split(
    "Ponant Septentrion Levant Cévennes Sologne Vercors Armor Bocage Causses Dombes "
    "Estuaire Flandres Garrigue Iroise Jura Landes Morvan Nivernais Ouessant Quercy"
)

BRANDS = ("Kerval", "Solvane", "Ardéa", "Novium", "Tessaro", "Brennus")

TOWNS = _split(
    "Abbeville Agen Albi Alençon Angers Annecy Arles Arras Auch Autun Auxerre "
    "Avranches Bayeux Beaune Beauvais Béziers Blois Bourges Brive Cahors Cambrai "
    "Castres Chartres Cholet Cognac Colmar Compiègne Dax Dieppe Dole Dreux Épernay "
    "Épinal Évreux Figeac "
    "Fougères Gap Granville Guéret Issoire Langres Laon Laval Libourne Lisieux Lorient "
    "Mâcon Mende Millau Montluçon Morlaix Moulins Narbonne Nevers Niort Noyon Orange "
    "Pau Périgueux Pontivy Privas Quimper Redon Riom Roanne Rodez Royan Saintes Saumur "
    "Sedan Senlis Sens Soissons Tarbes Thouars Toul Troyes Tulle Uzès Vannes Vendôme "
    "Verdun Vesoul Vienne Vierzon Vire Vitré Vouziers"
)

STREETS = _split(
    "rue des Tilleuls, rue du Moulin, avenue de la Gare, rue des Forges, quai du Port, "
    "route de la Plaine, chemin des Vignes, place du Marché, rue des Écoles, "
    "boulevard des Ateliers, impasse du Four, rue de la Source",
    separator=", ",
)


def last_name(draw: int) -> str:
    """Compose a family name from a draw (2,091 different ones)."""
    start, end = divmod(draw % (len(_NAME_STARTS) * len(_NAME_ENDS)), len(_NAME_ENDS))
    return _NAME_STARTS[start] + _NAME_ENDS[end]


def person(first: int, last: int) -> str:
    """Compose the name of a private person from two draws."""
    return f"{FIRST_NAMES[first % len(FIRST_NAMES)]} {last_name(last)}"


def company(trades: Sequence[str], draws: Sequence[int]) -> str:
    """Compose a company's name: trade, family name, now and then town, legal form."""
    trade, last, town, form = draws
    words = [trades[trade % len(trades)].replace("-", " "), last_name(last)]
    if town % 3 == 0:
        words.append(TOWNS[town % len(TOWNS)])
    return " ".join([*words, LEGAL_FORMS[form % len(LEGAL_FORMS)]])


def lessor(index: int) -> str:
    """Name a leasing company; names repeat with another suffix after twenty."""
    suffix = ("Lease", "Location", "Fleet Services", "Mobilité")[index // 20 % 4]
    return f"{_LESSOR_NAMES[index % 20]} {suffix} SA"


def insurer(index: int) -> str:
    """Name an insurer; names repeat with another kind after twenty."""
    kind = ("Mutuelle", "Assurances", "Prévoyance", "Groupe")[index // 20 % 4]
    return f"{kind} {_INSURER_NAMES[index % 20]}"


def ascii_upper(text: str) -> str:
    """Write a text as banks do: upper case, no accents.

    Examples
    --------
    >>> ascii_upper("Hélène Bergnac")
    'HELENE BERGNAC'
    """
    return text.translate(_ASCII).upper()


_ASCII = str.maketrans(
    "àâäçèéêëîïôöûüùÀÂÇÈÉÊËÎÏÔÖÛÜÙ°", "aaaceeeeiioouuuAACEEEEIIOOUUU."
)
