"""Published cases in other forms than the references of this project have."""

from math import exp, sqrt
from typing import Any

# Montgomery, Introduction to Statistical Quality Control (6th edition): examples 7.3 (faults of circuit boards) and 7.4
# (of computers, five a sample), tables 7.4 (purchase orders) and 6.6 (cost of mortgage loans).
BOARDS = [
    21, 24, 16, 12, 15, 5, 28, 20, 31, 25, 20, 24, 16, 19, 10, 17, 13, 22, 18, 39, 30, 24, 16, 19, 17, 15,
]  # fmt: skip
LATER_BOARDS = [16, 18, 12, 15, 24, 21, 28, 20, 25, 19, 18, 21, 16, 22, 19, 12, 14, 9, 16, 21]
COMPUTERS = [10, 12, 8, 14, 10, 16, 11, 7, 10, 15, 9, 5, 7, 11, 12, 6, 8, 10, 7, 5]
ORDERS = [12, 8, 6, 9, 10, 12, 11, 16, 10, 6, 20, 15, 9, 8, 6, 8, 10, 7, 5, 8, 5, 8, 10, 6, 9]
ORDER_SIZES = [
    100, 80, 80, 100, 110, 110, 100, 100, 90, 90, 110, 120, 120, 120, 110, 80, 80, 80, 90, 100, 100, 100, 100, 90, 90,
]  # fmt: skip
LOANS = [310, 288, 297, 298, 307, 303, 294, 297, 308, 306, 294, 299, 297, 299, 314, 295, 293, 306, 301, 304]
# Wetherill and Brown (1991), pages 212-213 and 216-218, as in qcc's help of its test for overdispersion.
OF_50 = [
    12, 11, 18, 11, 10, 16, 9, 11, 14, 15, 11, 9, 10, 13, 12, 8, 12, 13, 10, 12, 13, 16, 12, 18, 16, 10, 16, 10, 12, 14,
]  # fmt: skip
FAULTS = [
    11, 8, 13, 11, 13, 17, 25, 23, 11, 16, 9, 15, 10, 16, 12, 8, 9, 15, 4, 12, 12, 12, 15, 17, 14, 17, 12, 12, 7, 16,
]  # fmt: skip
# Freireich et al. (1963): weeks of remission, 6-MP and placebo; Klein and Moeschberger (2003), table 4.1.
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

Case = tuple[str, Any, dict[str, Any], dict[str, Any]]
CASES: dict[str, Case] = {
    "revised limits, new data beside": (
        "c",
        {"defects": BOARDS, "new_defects": LATER_BOARDS},
        {"published": {"center": 19.67, "ucl": 32.97, "lcl": 6.36}, "beyond_limits": [6, 20]},
        {"params": {"excluded_samples": [6, 20]}},
    ),
    "two stretches as objects": (
        "u",
        {"phase_1": {"defects": COMPUTERS, "n": [5] * 20}, "phase_2": {"defects": [30, 9], "n": [5, 5]}},
        {"center": 1.93, "published": {"ucl": 3.79, "lcl": 0.07}, "beyond_limits": [21]},
        {},
    ),
    "a baseline in words": (
        "c chart",
        {"x": [*BOARDS, *LATER_BOARDS]},
        {"center": 19.846154, "rules": {"nelson_1": [6, 20]}},
        {"params": {"baseline": "1-26"}},
    ),
    "a column of phases": (
        "u",
        # By hand: 2 and 6 of 10 each.
        {"defects": [2, 2, 2, 6, 6, 6], "n": [10] * 6, "phase": ["old"] * 3 + ["new"] * 3},
        {"center": [0.2, 0.2, 0.2, 0.6, 0.6, 0.6]},
        {},
    ),
    "data told row by row": (
        "p",
        [{"defectives": d, "n": n} for d, n in zip(ORDERS, ORDER_SIZES, strict=True)],
        {"published": {"center": 0.0955}, "beyond_limits": [11]},
        {},
    ),
    # Montgomery, figure 7.9 and 7.10: limits by the average size of 98, and points in standard deviations.
    "limits by the average size": (
        "p",
        {"defectives": ORDERS, "n": ORDER_SIZES},
        {"n_bar": 98, "published": {"ucl": 0.185}},
        {"params": {"limits": "average sample size"}},
    ),
    "a standardised chart": (
        "standardized p",
        {"defectives": ORDERS, "n": ORDER_SIZES},
        {"center": 0, "ucl": 3, "lcl": -3, "beyond_limits": [11]},
        {},
    ),
    # By hand: the mean 0.4, the standard deviation sqrt(0.24 / 10).
    "points in standard deviations": ("p", {"d": [2, 6], "n": [10, 10]}, {"z": [-1.2909944, 1.2909944]}, {}),
    "I and MR limits by suffix": (
        "XmR",
        {"values": LOANS},
        {"center": 300.5, "published": {"ucl_x": 321.22, "lcl_x": 279.78, "mr_bar": 7.79, "url": 25.45}},
        {},
    ),
    # By hand: each phase has ranges of 1, 3 / 1.128 = 2.6596.
    "phases of measurements": (
        "I chart",
        {"x": [1, 2, 1, 2, 1, 11, 12, 11, 12, 11]},
        {"center": [1.4] * 5 + [11.4] * 5, "ucl": [4.0595745] * 5 + [14.0595745] * 5},
        {"params": {"phases": [6]}},
    ),
    # By hand, as qcc prints sums: z 1, -0.5, 2.5, less 0.5; below 0.0 and, as negative numbers, 0.
    "CUSUM in standard deviations, lower sums negative": (
        "CUSUM",
        {"x": [12, 9, 15]},
        {"pos": [0.5, 0, 2], "neg": [0, 0, 0], "signals": [], "target": 10},
        {"params": {"target": 10, "std_dev": 2, "se_shift": 1, "decision_interval": 5}},
    ),
    # By hand: steady limits 10 +- 3 (2 / sqrt 4) sqrt(0.2 / 1.8).
    "EWMA of means of four": (
        "EWMA",
        {"xbar": [9, 10, 11]},
        {"ewma": [9.8, 9.84, 10.072], "ucl": 11, "lcl": 9},
        {"params": {"lambda": 0.2, "L": 3, "mu0": 10, "sigma": 2, "n": 4, "limits": "asymptotic"}},
    ),
    # Montgomery, table 7.14: hours between valve failures to the power 0.2777.
    "transformed times": (
        "t",
        {"hours": [286, 948, 536, 124, 816, 729, 4, 143]},
        {"transformed": [4.80986, 6.70903, 5.72650, 3.81367, 6.43541, 6.23705, 1.46958, 3.96768]},
        {"params": {"power": 0.2777}, "tolerance_abs": 5e-6},
    ),
    # By hand: mean 10; -10 ln 0.00135, and its median 10 ln 2.
    "exponential times": (
        "t chart (exponential)",
        {"days": [5, 15, 10]},
        {"center": 6.931472, "ucl": 66.0767, "scale": 10},
        {"tolerance_abs": 1e-3},
    ),
    # By hand: four below, four above, four below the line at 12.
    "a run chart": (
        "run chart",
        {"x": [10, 11, 9, 8, 14, 15, 16, 13, 7, 6, 5, 4]},
        {"n_useful": 12, "longest_run": 4, "longest_run_max": 7, "n_crossings": 2, "n_crossings_min": 3},
        {"params": {"center": 12}},
    ),
    # Newcombe, Statistics in Medicine 17 (1998) 857, table I.
    "intervals of a share": (
        "binomial confidence interval",
        {"successes": 81, "n": 263},
        {"published": {"wilson": [0.2553, 0.3662], "exact": [0.2527, 0.3676], "wald": [0.2522, 0.3638]}},
        {},
    ),
    "no success": (
        "Clopper-Pearson",
        {"x": 0, "n": 20},
        {"published": {"upper": 0.1684}, "lower": 0},
        {},
    ),
    # R documentation of poisson.test, fisher.test, prop.test.
    "the interval of a rate": (
        "exact Poisson interval",
        {"events": 137, "exposure": 24.19893},
        {"ci": [4.753125, 6.692709], "rate": 5.661407},
        {},
    ),
    "the odds ratio of the tea": (
        "Fisher exact test",
        {"table": [[3, 1], [1, 3]]},
        {"odds_ratio": 6.408309, "ci": [0.3135693, None], "p_value": 0.2428571},
        {"params": {"alternative": "greater"}, "tolerance_abs": 1e-5},
    ),
    "several shares": (
        "prop.test",
        {"smokers": [83, 90, 129, 70], "patients": [86, 93, 136, 82]},
        {"x_squared": 12.6004, "df": 3, "p_value": 0.005585},
        {"tolerance_abs": 5e-5},
    ),
    "the trend of shares": (
        "trend in proportions",
        {"x": [83, 90, 129, 70], "n": [86, 93, 136, 82]},
        {"chisq": 8.2249, "df": 1, "p_value": 0.004132},
        {"tolerance_abs": 5e-5},
    ),
    # By hand: 1.96 sqrt(0.16/50 + ... ) for 10 of 50 and 25 of 50, 0.3 +- 1.959964 sqrt(0.0032 + 0.005).
    "a Wald interval": (
        "two proportions",
        {"before_x": 10, "before_n": 50, "after_x": 25, "after_n": 50},
        {"diff": 0.3, "wald_ci": [0.1225171, 0.4774829]},
        {},
    ),
    "overdispersion of shares": (
        "overdispersion test",
        {"x": OF_50, "size": 50},
        {"ratio": 0.7644566, "statistic": 22.16924, "p_value": 0.81311},
        {"params": {"type": "binomial"}, "tolerance_abs": 5e-6},
    ),
    "overdispersion of counts": (
        "overdispersion test",
        {"x": FAULTS},
        {"ratio": 1.472203, "statistic": 42.69388, "p_value": 0.0485793},
        {"params": {"type": "poisson"}, "tolerance_abs": 5e-6},
    ),
    # By hand: 17 of 20 pairs in order, and (3.5 - 10 + ...) the normal score (17 - 10) / sqrt(5 x 4 x 10 / 12).
    "ranks without a correction": (
        "Mann-Whitney U",
        {"males": [19, 22, 16, 29, 24], "females": [20, 11, 17, 12]},
        {"U1": 17, "U2": 3, "p": 0.0864107},
        {"params": {"method": "asymptotic", "continuity": False}},
    ),
    # Champ and Woodall, Technometrics 29 (1987) 393, table 1.
    "run lengths of several rules": (
        "average run lengths of runs rules",
        {},
        {
            "rules": [
                {"rules": "1", "shift": 0, "arl": 370.40},
                {"rules": [1, 2], "shift": 0, "arl": 225.44},
                {"rules": "1,3", "shift": 0, "arl": 166.05},
                {"type": "14", "mu": 0, "arl": 152.73},
                {"rules": "WE1 WE2 WE3 WE4", "shift": 0, "arl": 91.75},
            ]
        },
        {"tolerance_abs": 0.006},
    ),
    "each group by its name": (
        "Kaplan-Meier",
        {"6-MP": {"time": TREATED, "status": RELAPSED}, "placebo": {"time": PLACEBO, "status": [1] * 21}},
        {
            "6-MP": {"n_risk": [21, 17, 15, 12, 11, 7, 6], "median": 23, "published": {"surv": [
                0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]}},
            "median": {"placebo": 8},
            "logrank": {"chisq": 16.79, "observed": {"6-MP": 9, "placebo": 21}},
        },
        {"tolerance_abs": 0.005},
    ),
    # By hand: 4 of 5, 3 of 4, 1 of 2.
    "yes and no instead of 1 and 0": (
        "survival",
        {"durations": [1, 2, 3, 4, 5], "event": [True, True, False, True, False]},
        {"survival": [0.8, 0.6, 0.3], "median": 4, "survival_at": {"0.5": 1, "3.5": 0.6}},
        {},
    ),
    "levels in columns": (
        "sigma level",
        {"sigma": [1, 2, 3, 4, 5, 6]},
        {"dpmo": [691462, 308538, 66807, 6210, 233, 3.4]},
        {"tolerance_abs": 0.5},
    ),
    # By hand: 12 of 400 opportunities, the normal quantile 1.880794, exp(-0.12).
    "counts with opportunities of a unit": (
        "DPU",
        {"defects": 12, "units": 100, "opportunities_per_unit": 4},
        {"dpu": 0.12, "dpo": 0.03, "dpmo": 30000, "sigma": 3.380794, "tpy": exp(-0.12)},
        {},
    ),
    # By hand: 1 - 0.05^(1/300) is one bound at 95 % where none of 300 failed.
    "no defects": (
        "sigma level",
        {"defects": 0, "opportunities": 300},
        {"sigma_level": None, "dpmo_upper_bound": 1e6 * (1 - 0.05 ** (1 / 300))},
        {"params": {"one_sided": True}, "tolerance_abs": 1e-3},
    ),
    "steps with what came in and went out": (
        "RTY",
        {"steps": [{"name": "pick", "in": 100, "out": 95}, {"name": "pack", "in": 95, "out": 90}]},
        {"rty": 0.9},
        {},
    ),
    "Pareto rows": (
        "pareto",
        {"items": [{"cause": "rude", "count": 3}, {"cause": "late", "count": 7}]},
        {"table": [{"category": "late", "cum_percent": 70}, {"category": "rude", "cum_percent": 100}], "n_to_80": 2},
        {},
    ),
    # By hand: the mean range of three rows is 2, d2 for three 1.693 (tables), the mean 7 / 3.
    "capability of subgroups": (
        "capability",
        {"subgroups": [[1, 2, 3], [2, 3, 4], [1, 3, 2]], "lsl": 0, "usl": 5},
        {"within": {"cp": 5 / 6 / (2 / 1.693)}, "overall": {"pp": 5 / 6}, "mean": 7 / 3},
        {"tolerance_abs": 1e-3},
    ),
    # NIST handbook 6.1.6: Cpm with the deviation from the target.
    "capability with a target": (
        "capability",
        {"mean": 16, "sd": 2, "lsl": 8, "usl": 20},
        {"cpm": 12 / (6 * sqrt(2**2 + 2**2))},
        {"params": {"target": 14}},
    ),
    "lists of cases by the set of rules": (
        "run rules",
        {"center": 0, "sigma": 1},
        {
            "nelson": [{"rule": 1, "x": [0, 3.2], "points": [2]}],
            "western_electric": [{"rule": 4, "x": [0.5] * 8, "points": [8]}],
        },
        {},
    ),
    # Montgomery, table 9.3.
    "run lengths at several shifts": (
        "ARL",
        {"shifts": [0, 0.5, 1]},
        {"cusum": [465, 38.0, 10.4]},
        {"params": {"k": 0.5, "h": 5}, "tolerance_abs": 0.5},
    ),
    # By hand: 34 of 7,500 and 12 of 2,000.
    "counts in columns": (
        "DPMO",
        {"defects": [34, 12], "units": [750, 500], "opportunities_per_unit": [10, 4]},
        {"dpmo": [4533.333333, 6000]},
        {},
    ),
    "groups under a name of their own": (
        "log-rank",
        {"weeks": [*TREATED, *PLACEBO], "status": [*RELAPSED, *[1] * 21], "drug": [1] * 21 + [2] * 21},
        {"chisq": 16.79, "observed": [9, 21]},
        {"tolerance_abs": 0.005},
    ),
    # By hand: each expected count of 20 is off by 10 in four cells of six: 4 x 100 / 20.
    "a mix by names of categories": (
        "pareto change",
        {"categories": ["late", "rude", "dear"], "before": [10, 20, 30], "after": [30, 20, 10]},
        {"chi_square": 20, "df": 2, "moved_most": "late"},
        {},
    ),
}  # fmt: skip
