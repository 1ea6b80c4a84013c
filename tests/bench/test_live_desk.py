"""200 live consoles and 2,000 live customers on one desk process: how soon does a reply reach its customer?

Prints the figures; fails where the issue's bound (p99 under 500 ms) does not hold on this machine.
"""

import json
import statistics
import subprocess
import sys

from tests.conftest import ROOT
from tests.e2e.service import Service

CUSTOMERS, CONSOLES, ANSWERS = 2000, 200, 300


def test_a_reply_reaches_its_customer_at_once(own_service: Service) -> None:
    url = f"sqlite:///{own_service.var / 'amends.db'}"
    command = [sys.executable, "-m", "tests.bench.live_crowd", own_service.base, url]
    done = subprocess.run(
        [*command, str(CUSTOMERS), str(CONSOLES), str(ANSWERS)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    delays = found["milliseconds"]
    middle, late = statistics.median(delays), delays[int(len(delays) * 0.99)]
    print(f"\n{found['streams']} open streams, {len(delays)} replies: p50 {middle:.0f} ms, p99 {late:.0f} ms")
    assert late < 500
