"""Bias and coverage of every difference-in-differences estimator on made-up counts with a known effect.

Usage: ``OMP_NUM_THREADS=1 python benchmarks/coverage.py [--draws 500] [--workers 2]``. Writes
``models/<name>/evidence.json`` and the table in ``models/<name>/card.md``.
"""

import argparse
import itertools
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from environment import environment

import preventeval as pe

MODELS = Path(__file__).parents[1] / "models"
Effect = float | tuple[float, ...]
MONTHS = 24
UNITS = (25, 100)
OVERDISPERSION = (1.0, 2.0, 4.0)
#: The same for all three waves, or smaller the later they start.
EFFECTS: tuple[Effect, ...] = (0.0, -0.1, -0.3, (-0.4, -0.2, -0.1))
#: Estimators by the folder of their card; what the outcome is analysed as; options.
CASES: dict[str, list[tuple[str, pe.Estimator]]] = {
    "callaway-sant-anna": [("log_rate", pe.CallawaySantAnna())],
    "sun-abraham": [("log_rate", pe.SunAbraham()), ("rate", pe.SunAbraham(likelihood="poisson"))],
    "imputation-did": [("log_rate", pe.ImputationDiD()), ("rate", pe.ImputationDiD(likelihood="poisson"))],
    "linear-did": [("log_rate", pe.LinearDiD())],
    "poisson-did": [("rate", pe.PoissonDiD())],
    "two-way-fixed-effects": [
        ("log_rate", pe.TwoWayFixedEffects()),
        ("rate", pe.TwoWayFixedEffects(likelihood="poisson")),
    ],
}
BEGIN, END = "<!-- coverage: made by benchmarks/coverage.py -->", "<!-- coverage ends -->"


def designs(units: int, overdispersion: float, effect: Effect, seed: int) -> dict[str, pe.StudyDesign]:
    """One made-up programme, as the logarithm of the rate and as counts with an exposure."""
    frame = pe.simulate_programme(
        effect=effect,
        areas=units,
        treated=round(0.4 * units),
        months=MONTHS,
        overdispersion=overdispersion,
        seed=seed,
    )
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
    return {
        measure: pe.StudyDesign(panel, outcome="incidents", treated_from="programme_start", measure=measure)
        for measure in ("log_rate", "rate")
    }


def truth(design: pe.StudyDesign, effect: Effect) -> float:
    """Average logarithm of the rate ratio over all treated area-months."""
    by_wave = np.broadcast_to(np.log1p(effect), len(design.cohorts))
    months = [(design.n_periods - start) * (design.cohort == start).sum() for start in design.cohorts]
    return float(np.average(by_wave, weights=months))


def draw(units: int, overdispersion: float, effect: Effect, seed: int) -> dict[str, list[float]]:
    """Error, standard error and whether the 95 % interval covers, of every case on one draw."""
    made = designs(units, overdispersion, effect, seed)
    found = {}
    for folder, cases in CASES.items():
        for number, (measure, estimator) in enumerate(cases):
            row = estimator.fit(made[measure]).overall().tidy().iloc[0]
            true = truth(made[measure], effect)
            covered = row["conf_low"] <= true <= row["conf_high"]
            found[f"{folder}/{number}"] = [row["estimate"] - true, row["std_error"], float(covered)]
    return found


def cell(arguments: tuple[int, float, Effect, int]) -> dict[str, dict[str, float]]:
    """Summary of many draws of one setting, by case."""
    units, overdispersion, effect, draws = arguments
    found = [draw(units, overdispersion, effect, seed) for seed in range(draws)]
    summary = {}
    for case in found[0]:
        errors, std_errors, covered = np.array([one[case] for one in found]).T
        summary[case] = {
            "bias": float(errors.mean()),
            "bias_monte_carlo_error": float(errors.std(ddof=1) / np.sqrt(draws)),
            "standard_deviation": float(errors.std(ddof=1)),
            "mean_std_error": float(std_errors.mean()),
            "coverage": float(covered.mean()),
        }
    return summary


def settings() -> list[tuple[int, float, Effect]]:
    """All settings, in the order of the tables."""
    return list(itertools.product(UNITS, OVERDISPERSION, EFFECTS))


def said(effect: Effect) -> str:
    """An effect in words."""
    if isinstance(effect, Sequence):
        return " / ".join(f"{100 * one:.0f} %" for one in effect)
    return f"{100 * effect:.0f} %"


def described(measure: str, estimator: pe.Estimator) -> str:
    """A case in words."""
    options = {"likelihood": getattr(estimator, "likelihood", None)}
    return f"likelihood={options['likelihood']!r}" if options["likelihood"] else f"measure={measure!r}"


def table(evidence: dict[str, Any]) -> str:
    """The table of a card."""
    draws = evidence["draws"]
    error = 100 * np.sqrt(0.95 * 0.05 / draws)
    lines = [
        BEGIN,
        "",
        f"{draws} draws of made-up monthly counts ({evidence['design']}). φ is the variance over the mean. "
        "Bias in log points (an effect of −10 % is −0.105), Monte Carlo error in brackets; coverage of the "
        f"95 % interval, Monte Carlo error {error:.1f} points.",
        "",
        "| case | areas | φ | effect | bias | s.d. of estimates | mean s.e. | coverage |",
        "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for row in evidence["rows"]:
        bias = f"{row['bias']:+.4f} ({row['bias_monte_carlo_error']:.4f})"
        numbers = f"{row['standard_deviation']:.4f} | {row['mean_std_error']:.4f} | {row['coverage']:.1%}"
        lines.append(
            f"| {row['case']} | {row['areas']} | {row['overdispersion']:g} | {row['effect']} | "
            f"{bias} | {numbers} |".replace("%", " %").replace("  %", " %")
        )
    return "\n".join([*lines, "", END])


def with_table(card: str, made: str) -> str:
    """A card with its table put in place, or at the end of its evidence."""
    if BEGIN in card:
        before, after = card[: card.index(BEGIN)], card[card.index(END) + len(END) :]
        return before + made + after
    marker = "\n## References"
    assert marker in card, "the card has no references to stand before"
    return card.replace(marker, f"\n## Bias and coverage\n\n{made}\n{marker}", 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    wanted = settings()
    with ProcessPoolExecutor(options.workers) as pool:
        cells = list(pool.map(cell, [(*setting, options.draws) for setting in wanted]))
    for folder, cases in CASES.items():
        rows = [
            {
                "case": described(*case),
                "areas": units,
                "overdispersion": overdispersion,
                "effect": said(effect),
                **{key: round(value, 5) for key, value in found[f"{folder}/{number}"].items()},
            }
            for number, case in enumerate(cases)
            for (units, overdispersion, effect), found in zip(wanted, cells, strict=True)
        ]
        evidence = {
            "environment": environment(),
            "design": "two in five areas treated, starting in three waves over 24 months, 80 incidents per "
            "area and month on average; the last effect differs by wave",
            "draws": options.draws,
            "rows": rows,
        }
        home = MODELS / folder
        (home / "evidence.json").write_text(json.dumps(evidence, indent=1) + "\n", encoding="utf-8")
        card = home / "card.md"
        card.write_text(with_table(card.read_text(encoding="utf-8"), table(evidence)), encoding="utf-8")
    print(pd.DataFrame(rows).to_string())


if __name__ == "__main__":
    main()
