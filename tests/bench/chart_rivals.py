"""Times one p chart with rules in mfgQC, in an environment of its own: ``python chart_rivals.py DATA.npz RUNS``.

Run by ``test_chart_rivals.py`` with the Python of ``.tools/mfgqc``; it imports nothing of ours. Prints JSON.
"""

import json
import sys
import time
from importlib.metadata import version

import mfgqc
import numpy as np
import pandas as pd
from mfgqc.control_charts import _apply_rules


def main(path: str, runs: int) -> None:
    data = np.load(path)
    frame = pd.DataFrame({"defectives": data["defectives"], "sizes": data["sizes"]})
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        chart = mfgqc.load(frame, measure="defectives").control_chart(kind="p", rules="nelson", n="sizes")
        seconds.append(time.perf_counter() - begun)
    found = {
        "version": version("mfgqc"),
        "seconds": seconds,
        "centre": float(chart.location_cl),
        "upper": float(chart.location_ucl.sum()),
        "lower": float(chart.location_lcl.sum()),
        "beyond": [violation.point for violation in chart.violations if violation.rule == "nelson_1"],
        "rules": sorted({violation.rule for violation in chart.violations}),
    }
    # Its p chart looks at the limits alone, whatever rules are asked for; its rules are timed on a part of the points.
    part = int(data["rules_on"])
    if part:
        points, sizes = data["defectives"][:part] / data["sizes"][:part], data["sizes"][:part]
        scores = (points - chart.location_cl) / np.sqrt(chart.location_cl * (1 - chart.location_cl) / sizes)
        begun = time.perf_counter()
        violations = _apply_rules(scores, 0.0, 1.0, "nelson", "location")
        found["rules_seconds"] = time.perf_counter() - begun
        found["violations"] = [[violation.point, violation.rule] for violation in violations]
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
