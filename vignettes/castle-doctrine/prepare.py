"""Write the castle-doctrine panel and its spec into a folder.

Run as ``python prepare.py FOLDER``. The data come with the package ``causaldata``
(``pip install preventeval[demo]``): 50 US states, 2000 to 2010, from Cheng and Hoekstra (2013),
https://doi.org/10.3368/jhr.48.3.821.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pandas as pd

# In alphabetical order, the District of Columbia included, the states are numbered from 1 in the
# source. The District itself (9) is not in the data.
STATES = """
Alabama,Alaska,Arizona,Arkansas,California,Colorado,Connecticut,Delaware,District of Columbia,
Florida,Georgia,Hawaii,Idaho,Illinois,Indiana,Iowa,Kansas,Kentucky,Louisiana,Maine,Maryland,
Massachusetts,Michigan,Minnesota,Mississippi,Missouri,Montana,Nebraska,Nevada,New Hampshire,
New Jersey,New Mexico,New York,North Carolina,North Dakota,Ohio,Oklahoma,Oregon,Pennsylvania,
Rhode Island,South Carolina,South Dakota,Tennessee,Texas,Utah,Vermont,Virginia,Washington,
West Virginia,Wisconsin,Wyoming
""".replace("\n", "").split(",")

# Column of the rate in the source, and what rate and count are called here.
OFFENCES = {
    "homicide": ("homicide_rate", "homicides"),
    "robbery": ("robbery_rate", "robberies"),
    "assault": ("assault_rate", "assaults"),
    "burglary": ("burglary_rate", "burglaries"),
}


def castle_panel(source: pd.DataFrame) -> pd.DataFrame:
    """One row per state and year, from the table of the package."""
    source = source.sort_values(["sid", "year"], ignore_index=True)
    panel = pd.DataFrame(
        {
            "state": [STATES[number - 1] for number in source["sid"]],
            "year": source["year"],
            # The source knows one population per state: its mean over the years.
            "population": source["popwt"].round().astype(int),
        }
    )
    # `post` marks the first full year; the law took effect in the year before. The source's column
    # `lag0` should mark that year, but for Alaska and Arizona it marks the one before.
    first_full_year = source["year"].where(source["post"] == 1).groupby(source["sid"]).transform("min")
    panel["law_from"] = (first_full_year - 1).astype("Int64")
    for column, (rate, count) in OFFENCES.items():
        panel[rate] = source[column]
        panel[count] = (source[column] * source["popwt"] / 100_000).round().astype(int)
    return panel


def main(folder: Path) -> None:
    """Write ``castle.csv`` and ``evaluation.toml``."""
    from causaldata import castle

    folder.mkdir(parents=True, exist_ok=True)
    panel = castle_panel(castle.load_pandas().data)
    panel.to_csv(folder / "castle.csv", index=False, lineterminator="\n")
    spec = Path(__file__).with_name("evaluation.toml")
    if spec.resolve() != (folder / spec.name).resolve():
        shutil.copyfile(spec, folder / spec.name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python prepare.py FOLDER")
    main(Path(sys.argv[1]))
