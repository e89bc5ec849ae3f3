"""Sampling of a model, and the checks of the computation that come with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import pymc as pm
    from xarray import DataTree

__all__ = ["Convergence", "Gate", "convergence", "sample"]

#: Two at a time, whatever the machine: draws do not depend on it, and this leaves room for others.
_CORES = 2
#: Regularisation of the low-rank metric. nutpie's own 1e-5 makes tuning many times slower
#: once there are hundreds of parameters, and mixes no better.
_GAMMA = 1e-2
_CAREFUL = 0.95


@dataclass(frozen=True, slots=True)
class Gate:
    """A check of the computation.

    Parameters
    ----------
    name
        What is checked.
    verdict
        ``"green"``: fine. ``"amber"``: to be mentioned. ``"red"``: the numbers are not to be
        used.
    value
        What was found.
    limit
        The last value that is green.
    """

    name: str
    verdict: Literal["green", "amber", "red"]
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class Convergence:
    """How well the chains explored the posterior, the worst over all of its variables.

    Parameters
    ----------
    divergences
        Draws after tuning at which the integrator failed.
    r_hat
        Largest rank-normalised split R-hat.
    ess_bulk, ess_tail
        Smallest effective sample sizes, in draws.
    bfmi
        Smallest Bayesian fraction of missing information of a chain.
    draws
        Draws after tuning, all chains together.
    chains
        Number of chains.
    """

    divergences: int
    r_hat: float
    ess_bulk: float
    ess_tail: float
    bfmi: float
    draws: int
    chains: int

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Traffic lights after Vehtari et al. (2021), https://doi.org/10.1214/20-BA1221."""
        few, enough = 50.0 * self.chains, 100.0 * self.chains
        many = 0.01 * self.draws
        return (
            _gate("r_hat", self.r_hat, 1.01, self.r_hat <= 1.01, self.r_hat <= 1.05),
            _gate("ess_bulk", self.ess_bulk, enough, self.ess_bulk >= enough, self.ess_bulk >= few),
            _gate("ess_tail", self.ess_tail, enough, self.ess_tail >= enough, self.ess_tail >= few),
            _gate("divergences", self.divergences, 0, self.divergences == 0, self.divergences <= many),
        )

    def as_dict(self) -> Mapping[str, Any]:
        """The numbers by name, and the gates as plain dictionaries."""
        return {**asdict(self), "gates": tuple(asdict(gate) for gate in self.gates)}


def _gate(name: str, value: float, limit: float, good: bool, passable: bool) -> Gate:
    # A value that could not be computed (NaN) compares as neither good nor passable.
    verdict: Literal["green", "amber", "red"] = "green" if good else "amber" if passable else "red"
    return Gate(name, verdict, float(value), float(limit))


def sample(
    model: pm.Model, *, draws: int, tune: int, chains: int, target_accept: float, seed: int
) -> DataTree:
    """Draw from the posterior of a model with nutpie's No-U-Turn sampler.

    The metric is diagonal plus low-rank (Seyboldt, Carlson & Carpenter 2026), because levels,
    drift and effects of these models are correlated in a few directions. Where an integration
    failed, the model is sampled once more with smaller steps.

    Parameters
    ----------
    model
        Any PyMC model of continuous parameters.
    draws, tune
        Draws to keep and to tune with, per chain.
    chains
        Number of chains.
    target_accept
        Acceptance rate that step sizes are tuned for.
    seed
        The same seed gives the same draws.

    Returns
    -------
    DataTree
        ``posterior`` and ``sample_stats``; the attribute ``target_accept`` of the tree says
        what was used in the end.

    References
    ----------
    Seyboldt, A., Carlson, E. L., & Carpenter, B. (2026). Preconditioning Hamiltonian Monte
    Carlo by minimizing Fisher divergence. https://doi.org/10.48550/arXiv.2603.18845
    """
    import nutpie

    compiled = nutpie.compile_pymc_model(model)

    def run(accept: float) -> DataTree:
        tree: DataTree = nutpie.sample(
            compiled,
            draws=draws,
            tune=tune,
            chains=chains,
            cores=_CORES,
            seed=seed,
            adaptation="low_rank",
            mass_matrix_gamma=_GAMMA,
            target_accept=accept,
            save_warmup=False,
            progress_bar=False,
        )
        tree.attrs["target_accept"] = accept
        return tree

    tree = run(target_accept)
    failed = bool(tree["sample_stats"]["diverging"].any())
    return run(_CAREFUL) if failed and target_accept < _CAREFUL else tree


def convergence(tree: DataTree) -> Convergence:
    """Measure how well the chains explored the posterior.

    Parameters
    ----------
    tree
        With ``posterior`` and ``sample_stats``.

    Returns
    -------
    Convergence
    """
    import arviz as az

    posterior, stats = tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
    r_hat = [float(values.max()) for values in az.rhat(posterior).data_vars.values()]
    bulk = [float(values.min()) for values in az.ess(posterior, method="bulk").data_vars.values()]
    tail = [float(values.min()) for values in az.ess(posterior, method="tail").data_vars.values()]
    energy = np.asarray(stats["energy"], dtype=np.float64)
    steps = np.diff(energy, axis=1)
    chains, draws = energy.shape
    return Convergence(
        divergences=int(stats["diverging"].sum()),
        r_hat=float(np.max(r_hat)),
        ess_bulk=float(np.min(bulk)),
        ess_tail=float(np.min(tail)),
        bfmi=float(np.min((steps**2).mean(axis=1) / energy.var(axis=1))),
        draws=chains * draws,
        chains=chains,
    )
