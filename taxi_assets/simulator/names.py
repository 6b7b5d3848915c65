"""Made-up zone names that sound like a city; only the three airports bear their real ones."""

from taxi_assets.simulator.zone_ids import DRAWN_AS, JFK_ZONE, LAGUARDIA_ZONE, NEWARK_ZONE, ZONES

# fmt: off
_FIRST = (
    "Alder", "Amber", "Anchor", "Barley", "Birch", "Boxwood", "Briar", "Candle", "Cedar", "Copper",
    "Cobble", "Drover", "Ember", "Fallow", "Fennel", "Garnet", "Harrow", "Heron", "Juniper",
    "Kestrel", "Lantern", "Larch", "Marl", "Millrace", "Osprey", "Pepper", "Quarry",
)
# fmt: on
_SECOND = (
    "Heights",
    "Point",
    "Hill",
    "Park",
    "Gardens",
    "Square",
    "Village",
    "Landing",
    "Terrace",
    "Yards",
)
_AIRPORTS = {
    NEWARK_ZONE: "Newark Airport",
    JFK_ZONE: "JFK Airport",
    LAGUARDIA_ZONE: "LaGuardia Airport",
}


def zone_name(zone: int) -> str:
    """The name of zone 1..263; shapes that were drawn under another id share that one's name."""
    zone = DRAWN_AS.get(zone, zone)
    assert 1 <= zone <= ZONES
    # Stride 7 is coprime to 27: consecutive ids get different first words, and no name comes twice
    # within 270.
    first = _FIRST[zone * 7 % len(_FIRST)]
    second = _SECOND[zone // len(_FIRST)]
    return _AIRPORTS.get(zone, f"{first} {second}")
