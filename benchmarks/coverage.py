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
#: Areas, variance over mean, effect, incidents per area and month.
Setting = tuple[int, float, Effect, int]
MONTHS = 24
UNITS = (25, 100)
OVERDISPERSION = (1.0, 2.0, 4.0)
#: The same for all three waves, or smaller the later they start.
EFFECTS: tuple[Effect, ...] = (0.0, -0.1, -0.3, (-0.4, -0.2, -0.1))
#: Many incidents, and so few that months without any are common: those are for counts alone.
MANY, FEW = 160, 4
#: By the folder of the card: what the outcome is analysed as, the estimator, and which average is taken.
CASES: dict[str, list[tuple[str, pe.Estimator, str]]] = {
    "callaway-sant-anna": [("log_rate", pe.CallawaySantAnna(), "overall")],
    "linear-did": [("log_rate", pe.LinearDiD(), "overall")],
    "sun-abraham": [
        ("log_rate", pe.SunAbraham(), "overall"),
        ("rate", pe.SunAbraham(likelihood="poisson"), "overall"),
        ("rate", pe.SunAbraham(likelihood="poisson"), "in_total"),
    ],
    "imputation-did": [
        ("log_rate", pe.ImputationDiD(), "overall"),
        ("rate", pe.ImputationDiD(likelihood="poisson"), "overall"),
        ("rate", pe.ImputationDiD(likelihood="poisson"), "in_total"),
    ],
    "poisson-did": [("rate", pe.PoissonDiD(), "overall"), ("rate", pe.PoissonDiD(), "in_total")],
    "two-way-fixed-effects": [
        ("log_rate", pe.TwoWayFixedEffects(), "overall"),
        ("rate", pe.TwoWayFixedEffects(likelihood="poisson"), "overall"),
    ],
}
BEGIN, END = "<!-- coverage: made by benchmarks/coverage.py -->", "<!-- coverage ends -->"


def programme(setting: Setting, seed: int) -> pd.DataFrame:
    """One made-up programme."""
    units, overdispersion, effect, incidents = setting
    return pe.simulate_programme(
        effect=effect,
        areas=units,
        treated=round(0.4 * units),
        months=MONTHS,
        incidents=incidents,
        overdispersion=overdispersion,
        seed=seed,
    )


def truths(frame: pd.DataFrame, effect: Effect) -> dict[str, float]:
    """The average logarithm of the rate ratio of treated area-months, and that of their total."""
    waves = np.sort(frame["programme_start"].dropna().unique())
    by_wave = dict(zip(waves, np.broadcast_to(effect, len(waves)), strict=True))
    treated = frame[frame["month"] >= frame["programme_start"]]
    ratio = 1 + treated["programme_start"].map(by_wave)
    expected = treated["expected"]
    return {
        "overall": float(np.log(ratio).mean()),
        "in_total": float(np.log((expected * ratio).sum() / expected.sum())),
    }


def draw(setting: Setting, seed: int) -> dict[str, list[float]]:
    """Error, standard error and whether the 95 % interval covers, of every case on one draw."""
    frame = programme(setting, seed)
    true = truths(frame, setting[2])
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
    estimates: dict[tuple[str, pe.Estimator], pe.EffectEstimate] = {}
    found = {}
    for folder, cases in CASES.items():
        for number, (measure, estimator, average) in enumerate(cases):
            if setting[3] == FEW and measure == "log_rate":
                continue
            if (measure, estimator) not in estimates:
                design = pe.StudyDesign(
                    panel, outcome="incidents", treated_from="programme_start", measure=measure
                )
                estimates[measure, estimator] = estimator.fit(design)
            row = getattr(estimates[measure, estimator], average)().as_estimated().tidy().iloc[0]
            covered = row["conf_low"] <= true[average] <= row["conf_high"]
            found[f"{folder}/{number}"] = [row["estimate"] - true[average], row["std_error"], float(covered)]
    return found


def cell(arguments: tuple[Setting, int]) -> dict[str, dict[str, float]]:
    """Summary of many draws of one setting, by case."""
    setting, draws = arguments
    found = [draw(setting, seed) for seed in range(draws)]
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


def settings() -> list[Setting]:
    """All settings, in the order of the tables."""
    many = list(itertools.product(UNITS, OVERDISPERSION, EFFECTS, (MANY,)))
    return many + list(itertools.product(UNITS, (2.0,), (0.0, -0.3), (FEW,)))


def said(effect: Effect) -> str:
    """An effect in words."""
    if isinstance(effect, Sequence):
        return " / ".join(f"{100 * one:.0f} %" for one in effect)
    return f"{100 * effect:.0f} %"


def described(measure: str, estimator: pe.Estimator, average: str) -> str:
    """A case in words."""
    counts = measure == "rate"
    return f"{'counts' if counts else 'logarithm of the rate'}, {average.replace('_', ' ')}"


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
        "| case | areas | incidents | φ | effect | bias | s.d. of estimates | mean s.e. | coverage |",
        "| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for row in evidence["rows"]:
        bias = f"{row['bias']:+.4f} ({row['bias_monte_carlo_error']:.4f})"
        numbers = f"{row['standard_deviation']:.4f} | {row['mean_std_error']:.4f} | {row['coverage']:.1%}"
        lines.append(
            f"| {row['case']} | {row['areas']} | {row['incidents']} | {row['overdispersion']:g} | "
            f"{row['effect']} | "
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
        cells = list(pool.map(cell, [(setting, options.draws) for setting in wanted]))
    for folder, cases in CASES.items():
        rows = [
            {
                "case": described(*case),
                "areas": setting[0],
                "overdispersion": setting[1],
                "effect": said(setting[2]),
                "incidents": setting[3],
                **{key: round(value, 5) for key, value in found[f"{folder}/{number}"].items()},
            }
            for number, case in enumerate(cases)
            for setting, found in zip(wanted, cells, strict=True)
            if f"{folder}/{number}" in found
        ]
        evidence = {
            "environment": environment(),
            "design": "two in five areas treated, starting in three waves over 24 months; incidents per area "
            "and month on average; the last effect differs by wave",
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
