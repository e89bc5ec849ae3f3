# %% [markdown]
# # One programme, from records to a brief
#
# A city runs a programme in 12 of its 30 areas, which start in three waves. All that the
# police can export is one row per recorded incident. This vignette makes such a file, with
# an effect that we choose ourselves, and then evaluates the programme as if we did not know
# it: records → counts → panel → design → estimate → checks → brief. At the end it asserts
# that the known effect is found.
#
# Run it as a script, or open it as a notebook with jupytext.

# %%
import tempfile
from pathlib import Path

import numpy as np

import preventeval as pe

TRUE_EFFECT = -0.20  # the programme prevents one incident in five

# %% [markdown]
# ## The data
#
# `simulate_programme` gives the monthly truth; `simulate_incidents` turns it into records. From
# here on only `records` and `areas` are used, which is what a city has.

# %%
truth = pe.simulate_programme(effect=TRUE_EFFECT, seed=8)
records = pe.simulate_incidents(truth, seed=8)
areas = truth.groupby("area", as_index=False)[["district", "residents", "programme_start"]].first()
records.head()

# %% [markdown]
# ## Records to counts
#
# An area and month without any incident is a zero only if recording is known to have covered
# it. We know that it ran for the whole three years, and say so with `recorded`. The statement
# accounts for every row.

# %%
counts = pe.count_incidents(
    records,
    unit="area",
    when="date",
    freq="month",
    units=areas,
    recorded=("2019-01-01", "2021-12-31"),
)
print(counts.summary())

# %% [markdown]
# ## Who was treated when, against whom
#
# The panel checks the table once. The design says what is measured and who is compared with
# whom: areas that have not started yet serve as the comparison. We analyse the logarithm of
# the rate, because areas differ in size and a programme that prevents a share of incidents
# changes rates in proportion.

# %%
panel = pe.Panel(counts.frame, unit="area", period="period", outcomes=["incidents"], exposure="residents")
design = pe.StudyDesign(
    panel,
    outcome="incidents",
    treated_from="programme_start",
    comparison="not_yet_treated",
    measure="log_rate",
    aim="reduce",
)
design

# %% [markdown]
# ## The estimate
#
# The result holds an effect for each cohort and month, and how sure we are of them jointly.
# Every average is made from it.

# %%
estimate = pe.CallawaySantAnna().fit(design)
print(estimate.by_cohort().as_percent().summary())

# %%
overall = estimate.overall().as_percent()
averted = estimate.averted()
print(overall.tidy().round(2).to_string(index=False))
print(averted.tidy().round(1).to_string(index=False))

# %% [markdown]
# ## Checks, and the answer
#
# `evaluate` fits the primary method, runs every check and gives the answer in one sentence.
# Nothing is hidden: a check that weakens the result, or could not run, is in the reports.

# %%
evaluation = pe.evaluate(design, labels=["incidents"], name="the area programme", place="Example City")
for finding in evaluation.findings:
    print(f"{finding.verdict:>15}  {finding.sentence}")
print(evaluation.answer)

# %% [markdown]
# ## The brief for the programme manager

# %%
folder = Path(tempfile.mkdtemp()) / "report"
brief, technical = evaluation.report(folder)
print(brief.name, technical.name)

# %% [markdown]
# ## Was the known effect found?
#
# The interval should hold the true effect of -20 per cent and lie below zero, and the
# incidents averted should be near the number that the simulation really took away.

# %%
low, high = overall.conf_int().iloc[0]
assert low < 100 * TRUE_EFFECT < high < 0, (low, high)

treated = truth["month"] >= truth["programme_start"]
really_averted = -TRUE_EFFECT * truth.loc[treated, "expected"].sum()
low, high = averted.conf_int().iloc[0]
assert low < really_averted < high, (low, really_averted, high)

assert counts.frame["incidents"].sum() == len(records)
assert "fell" in evaluation.answer or "reduced" in evaluation.answer
assert np.isfinite(estimate.effect).all()
