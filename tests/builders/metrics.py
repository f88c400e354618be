"""A strict reader of the text format that Prometheus takes."""

from __future__ import annotations

import re
from collections import defaultdict

LABEL = r'[a-z_]+="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"([a-z_0-9]+)(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9.e+-]+)")
"""A sample as the exposition format allows it."""


def read_samples(text: str) -> dict[str, float]:
    """All samples, by name and labels. Each metric has its help and type first, once, and histograms add up."""
    found: dict[str, float] = {}
    kinds: dict[str, str] = {}
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds
            assert kind in ("gauge", "counter", "histogram")
            assert name.endswith("_total") == (kind == "counter")
            kinds[name] = kind
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name = match[1] if match[1] in kinds else re.sub("_(bucket|sum|count)$", "", match[1])
        assert (kinds[name] == "histogram") == (name != match[1])
        key = match[1] + (f"{{{match[2]}}}" if match[2] else "")
        assert key not in found
        found[key] = float(match[3])
    check_histograms(found, {name for name, kind in kinds.items() if kind == "histogram"})
    return found


def check_histograms(samples: dict[str, float], names: set[str]) -> None:
    """The counts of the buckets rise, and the last one is the count of all."""
    buckets: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for key, number in samples.items():
        name, _, labels = key.partition("_bucket{")
        if labels and name in names:
            bound = re.search(r',le="([^"]+)"\}', key)
            assert bound
            buckets[f"{name}_count{{{labels.replace(bound[0], '}')}"].append((float(bound[1]), number))
    for key, counts in buckets.items():
        assert [bound for bound, _ in counts] == sorted(bound for bound, _ in counts)
        assert [count for _, count in counts] == sorted(count for _, count in counts)
        assert counts[-1] == (float("inf"), samples[key])
