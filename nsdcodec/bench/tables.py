"""The registry: every table by its name. Adding one is an entry here."""

from __future__ import annotations

from nsdcodec.bench import fred, nsd
from nsdcodec.bench.table import Table
from nsdcodec.errors import UnknownName

TABLES: dict[str, Table] = {
    "table1": nsd.TABLE1,
    "table2": nsd.TABLE2,
    "table3": nsd.TABLE3,
    "table4": nsd.TABLE4,
    "table5": nsd.TABLE5,
    "table6": nsd.TABLE6,
    "fig3": nsd.FIGURE3,
    "coresets": Table("NSD Table 1, its first part: random, herded and forgotten real images", nsd.CORESETS),
    "fred": fred.FRED,
    "fred-sets": fred.FRED_SETS,
    "fred-c": fred.FRED_C,
    "fred-c-subsets": fred.FRED_C_SUBSETS,
}


def table(name: str) -> Table:
    """Raises UnknownName."""
    if name not in TABLES:
        raise UnknownName("table", name, TABLES)
    return TABLES[name]
