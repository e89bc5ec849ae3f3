# %% [markdown]
# # A staggered roll-out, measured in counts
#
# A city brings a street-outreach programme to its areas in three waves. Incidents are counts,
# areas differ in size, summers are worse than winters, and the programme needs a year to
# reach its full effect. This vignette makes such a city with an effect that we choose
# ourselves, estimates it with an estimator for counts, says it in per cent, in incidents and
# per 100,000 residents, and shows why the usual two-way regression misleads here. At the end
# it asserts that the known effect is found.
#
# Run it as a script, or open it as a notebook with jupytext.

# %%
import matplotlib

matplotlib.use("agg")

import numpy as np
import pandas as pd

import preventeval as pe
from preventeval import plot, sensitivity

# %% [markdown]
# ## A city with a known effect
#
# We start from monthly counts without any programme and let some incidents not happen: by the
# twelfth month of the programme, four in ten. Each incident is kept or prevented by chance, so
# the effect is known on average, and `expected` with it.

# %%
FULL_EFFECT, MONTHS_TO_FULL = 0.40, 12

frame = pe.simulate_programme(effect=0.0, areas=48, treated=40, months=36, incidents=40, seed=4)
month = frame["month"].dt.to_period("M")
since = (month - frame["programme_start"].dt.to_period("M")).map(lambda gap: getattr(gap, "n", np.nan))
prevented = FULL_EFFECT * ((since + 1) / MONTHS_TO_FULL).clip(upper=1).where(since >= 0, 0.0).fillna(0.0)
rng = np.random.default_rng(4)
frame = frame.assign(
    incidents=rng.binomial(frame["incidents"], 1 - prevented),
    truly_averted=frame["expected"] * prevented,
)
treated = since >= 0
true_averted = float(frame["truly_averted"].sum())
true_percent = 100 * float(np.expm1(np.log1p(-prevented[treated]).mean()))
true_total = -100 * true_averted / float(frame.loc[treated, "expected"].sum())
print(f"Truth: {true_total:.1f} % of all incidents expected: {true_averted:.0f} averted")
print(f"and {true_percent:.1f} % in the average treated area-month")

# %% [markdown]
# ## The design
#
# `measure="rate"`: incidents per 100,000 residents, with the residents as the exposure that an
# estimator for counts needs. Areas that have not started yet serve as comparison, beside the
# eight that never do.

# %%
panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
design = pe.StudyDesign(panel, outcome="incidents", treated_from="programme_start", measure="rate")
print(design)

# %% [markdown]
# ## Counts, with an effect of its own for every wave and month
#
# `PoissonDiD` (Wooldridge 2023) compares growth rates, not levels: an area of 16,000 people and
# one of 4,000 need not have changed by the same number of incidents, only by the same share.
# It needs no logarithm of a count, so a month without incidents is no problem, and its
# standard errors do not assume that counts are Poisson.

# %%
estimate = pe.PoissonDiD().fit(design)
total = estimate.in_total()
print(total.as_percent().summary())

# %% [markdown]
# This is the number that reports head with: all incidents of the programme's areas and months
# against all that were expected there. `overall()` averages the logarithms of the ratios of all
# waves and months instead, as published tables do. The two differ where effects differ between
# large and small cells, and where cells hold few incidents: the logarithm of a small count is
# low on average, and a cell in which nothing was counted has none. Such cells count in
# `in_total()` and `averted()`, because what was expected in them is known.

# %%
overall = estimate.overall()
print(overall.as_percent().summary())

# %% [markdown]
# The same answer in incidents and per 100,000 residents and month, each with an interval that
# comes from the same joint uncertainty.

# %%
averted = estimate.averted()
print(averted.tidy()[["term", "estimate", "conf_low", "conf_high"]].to_string(index=False))
print(estimate.per_100k().tidy()[["term", "estimate", "conf_low", "conf_high"]].to_string(index=False))
print(
    estimate.averted(by="cohort")
    .tidy()[["cohort", "estimate", "conf_low", "conf_high"]]
    .to_string(index=False)
)

# %% [markdown]
# ## The path
#
# The effect builds up over a year, as we know. The wide band holds the whole path at once; the
# narrow bars hold one month at a time. Grey points lie before the start: they should be
# around 0, and the check says in words whether they are.
#
# The effects to report are those without leads. With `leads=True` everything is measured against
# the one month before the start and no longer against all earlier ones: effects after the start
# change, and their intervals widen. To look at earlier trends leave it off: the check fits leads
# of its own. (The leads of `ImputationDiD` come from a second regression and change nothing after
# the start, so they can be drawn with the effects.)

# %%
with_leads = pe.ImputationDiD(likelihood="poisson", leads=11).fit(design)
axes = plot.event_study(with_leads.by_event_time().within(-11, 18).as_percent())
plot.cohorts(estimate.as_percent())
plot.cumulative_averted(estimate)
print(sensitivity.pre_trends(estimate).sentence)

# %% [markdown]
# ## Why not the usual regression?
#
# One indicator of the programme beside area and month effects is the regression that most
# published evaluations report. Where waves start one after the other it also compares later
# waves with areas that have the programme already; and while the effect is still building up
# in those, the comparison takes that growth off the effect.

# %%
two_way = pe.TwoWayFixedEffects(likelihood="poisson").fit(design)
print(two_way.as_percent().tidy()[["term", "estimate", "conf_low", "conf_high"]].to_string(index=False))

finding = sensitivity.two_way_weights(estimate)
print(finding.sentence)
print(sensitivity.goodman_bacon(design).groupby("kind")["weight"].sum().round(2).to_string())

# %% [markdown]
# ## Other roads to the same answer
#
# They differ in what they compare and how they average. All that allow every wave its own path
# agree; the two-way regression does not.

# %%
rows = {
    "truth": (true_percent, np.nan, np.nan),
    **{
        name: tuple(found.as_percent().tidy().loc[0, ["estimate", "conf_low", "conf_high"]])
        for name, found in {
            "PoissonDiD": overall,
            "SunAbraham, counts": pe.SunAbraham(likelihood="poisson").fit(design).overall(),
            "ImputationDiD, counts": pe.ImputationDiD(likelihood="poisson").fit(design).overall(),
            "TwoWayFixedEffects, counts": two_way,
        }.items()
    },
}
table = pd.DataFrame(rows, index=["per cent", "from", "to"]).T.astype(float).round(1)
print(table.to_string())

# %% [markdown]
# ## The known effect is found

# %%
low, high = total.as_percent().conf_int().iloc[0]
assert low <= true_total <= high
low, high = overall.as_percent().conf_int().iloc[0]
assert low <= true_percent <= high
low, high = averted.conf_int().iloc[0]
assert low <= true_averted <= high
low, high = two_way.as_percent().conf_int().iloc[0]
assert low > true_percent, "the two-way regression should understate this programme"
