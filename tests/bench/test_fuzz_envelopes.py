"""Fuzz what opens and reads callbacks, led by coverage, for ``FUZZ_SECONDS`` (30) a target; prints how many inputs."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, missing
from tests.desk.channels.sealing import plain_of

SECONDS = int(os.environ.get("FUZZ_SECONDS", "30"))
# Where the search begins: it would be long in finding these by itself.
SEEDS = [
    b'<?xml version="1.0"?><xml><FromUserName><![CDATA[a]]></FromUserName><MsgType>text</MsgType><A>1</A></xml>',
    b"<xml><FromUserName>a</FromUserName><MsgType>event</MsgType><Event>subscribe_msg_popup_event</Event><List/></xml>",
    b'<!DOCTYPE xml [<!ENTITY a "b"><!ENTITY % p SYSTEM "file:///">%p;]><xml><A>&a;&#1;&amp;</A></xml>',
    b'{"FromUserName": "a", "MsgType": "event", "Event": "SCAN", "EventKey": "\\ud800", "List": [{"MsgID": 1}]}',
    b'[{"msgid": "1", "msgtype": "merged_msg", "origin": 3, "external_userid": "w", "merged_msg": {"item": [{}]}}]',
    b'[{"msgid": "1", "msgtype": "event", "event": {"event_type": "enter_session", "welcome_code": "c"}}]',
    b"a]]></A><B><![CDATA[",
    plain_of(b"<xml/>"),
]


@pytest.mark.parametrize("target", ["documents", "replies", "ciphers", "callbacks", "entries"])
def test_nothing_but_the_codec_s_own_error_comes_out(target: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        missing("ATHERIS MISSING: envelopes and documents are NOT fuzzed")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS):
        (corpus / str(number)).write_bytes(seed)
    options = [f"-max_total_time={SECONDS}", "-max_len=4096", f"-artifact_prefix={tmp_path}/", "-print_final_stats=1"]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench.fuzz_envelopes", target, *options, str(corpus)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS + 120,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    count = re.search(r"number_of_executed_units: *(\d+)", ran.stderr)
    assert count is not None and int(count[1]) > 0, ran.stderr[-4000:]
    print(f"\n{target}: {int(count[1]):,} inputs in {SECONDS} s, nothing but refusals")
