"""The continents, and the countries on each, by their ISO 3166 codes."""

from enum import StrEnum


class Continent(StrEnum):
    """By the name that people read."""

    AFRICA = "Africa"
    ASIA = "Asia"
    EUROPE = "Europe"
    NORTH_AMERICA = "North America"
    OCEANIA = "Oceania"
    SOUTH_AMERICA = "South America"


_WORDS = {
    "af": Continent.AFRICA,
    "africa": Continent.AFRICA,
    "as": Continent.ASIA,
    "asia": Continent.ASIA,
    "eu": Continent.EUROPE,
    "europe": Continent.EUROPE,
    "na": Continent.NORTH_AMERICA,
    "north-america": Continent.NORTH_AMERICA,
    "oc": Continent.OCEANIA,
    "oceania": Continent.OCEANIA,
    "sa": Continent.SOUTH_AMERICA,
    "south-america": Continent.SOUTH_AMERICA,
}

# ISO 3166-1, each country where the United Nations' M49 puts it; Cyprus, Georgia, Armenia and
# Azerbaijan are in Asia there, and Russia in Europe. Kosovo's XK is in use and not assigned.
_COUNTRIES = {
    Continent.AFRICA: (
        "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY "
        "MA MG ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG YT ZA "
        "ZM ZW"
    ),
    Continent.ASIA: (
        "AE AF AM AZ BD BH BN BT CN CY GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM "
        "MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE"
    ),
    Continent.EUROPE: (
        "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI "
        "LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK"
    ),
    Continent.NORTH_AMERICA: (
        "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX "
        "NI PA PM PR SV SX TC TT US VC VG VI"
    ),
    Continent.OCEANIA: (
        "AS AU CC CK CX FJ FM GU HM KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS"
    ),
    Continent.SOUTH_AMERICA: "AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE",
}
_CONTINENT_OF = {
    country: continent for continent, codes in _COUNTRIES.items() for country in codes.split()
}


def continent_named(word: str) -> Continent | None:
    """The continent that `eu`, `Europe` or `north-america` means; None for another word."""
    return _WORDS.get(word.lower().replace(" ", "-"))


def continent_of(country: str) -> Continent | None:
    """Where a country is; None when it is not known."""
    return _CONTINENT_OF.get(country.upper())
