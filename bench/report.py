"""The tables of a run, as Markdown that is legible in a terminal too, and the page's blocks."""

from __future__ import annotations

import re
from typing import Final

from bench.cost import COLD_SHARE, GATEWAY, OBSERVABILITY, PRICES, Prices, costs, explain_break_even
from bench.results import PEERS, SIZES, Results
from bench.slope import FACTORS, INPUTS, LEVELS, LEVELS_EACH, per_input
from bench.targets import TARGETS

FIGURES: Final = (
    ("cold_warm", "Cold start under the emulator, ms", 1.0),
    ("cold_dropped", "The same, page cache dropped, ms", 1.0),
    ("cold_image", "Cold start of the image, `docker start` to first response, ms", 1.0),
    ("init_reported", "`Init Duration` as the emulator reports it, ms", 1.0),
    ("p50", "Warm call, p50, ms", 1.0),
    ("p99", "Warm call, p99, ms", 1.0),
    *((f"batch_{size}", f"Batch of {size:,}, µs per row", 1000 / size) for size in SIZES),
    ("memory", "Resident memory after warm calls, MB", 1.0),
    ("image", "Image above its base, MB", 1.0),
    ("http", "Requests per second, one uvicorn worker", 1.0),
)
"""Key, heading, and the factor by which a value is multiplied for display."""
LARGEST: Final = 10
"""Rows in the table of imports."""


def number(value: float) -> str:
    """Three significant digits, or all of a larger number."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3}f}"


def table(headings: list[str], rows: list[list[str]]) -> str:
    """A Markdown table with aligned columns; all but the first to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        first, *rest = zip(cells, widths, strict=True)
        aligned = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
        return f"| {' | '.join(aligned)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(headings), line(rule), *map(line, rows)])


def figures(results: Results) -> str:
    """Medians with their range for every peer, and the ratios of ours to theirs."""
    rows = []
    for key, heading, scale in FIGURES:
        if not results.has(key):
            continue
        cells, ratios = [], []
        for peer in PEERS:
            if not results.has(key, peer):
                cells.append("-")
                continue
            middle, low, high = (scale * value for value in results.range(key, peer))
            spread = f" ({number(low)} to {number(high)})" if low < high else ""
            cells.append(number(middle) + spread)
        for peer in ("naive", "floor"):
            known = results.has(key, peer) and key != "init_reported"
            ratio = results.median(key) / results.median(key, peer) if known else 0.0
            ratios.append(number(ratio) if known else "-")
        rows.append([heading, *cells, *ratios])
    return table(["figure", *PEERS, "ours / naive", "ours / floor"], rows)


def targets(results: Results) -> str:
    """Each target: its limit, the figure measured, and whether it is met; how many are."""
    rows, verdicts = [], []
    for target in TARGETS:
        try:
            value = target.value(results)
        except KeyError:
            rows.append([target.claim, target.rule(), "-", "not measured"])
            continue
        verdicts.append(target.met(value))
        met = "yes" if verdicts[-1] else "**no**"
        rows.append([target.claim, target.rule(), number(value), met])
    shown = table(["target", "limit", "measured", "met"], rows)
    return f"{shown}\n\n{sum(verdicts)} of {len(verdicts)} measured targets are met."


def machine(results: Results) -> str:
    """The machine and the library versions of the run."""
    facts = dict(results.machine)
    place = f"{facts.pop('processor')}, {facts.pop('memory')}, {facts.pop('system')}"
    python = facts.pop("python")
    libraries = ", ".join(f"{name} {each}" for name, each in facts.items())
    left_out = "".join(f"\n\nNot measured: {each}" for each in results.skipped)
    return (
        f"{'Quick run' if results.quick else 'Run'} of {number(results.seconds / 60)} minutes on "
        f"{place}; Python {python}; {libraries}.{left_out}"
    )


def imports(results: Results) -> str:
    """Milliseconds of import by package, the largest of ours first."""
    names = list(results.imports["ours"])[:LARGEST]
    columns = results.imports.values()
    rows = [[name, *(number(each.get(name, 0.0)) for each in columns)] for name in names]
    rest = [sum(ms for name, ms in each.items() if name not in names) for each in columns]
    rows.append(["the rest", *map(number, rest)])
    rows.append(["all", *(number(sum(each.values())) for each in columns)])
    return table(["package, ms", *results.imports], rows)


def layers(results: Results) -> str:
    """A warm call by layer: shares, and those of this run's p50 in microseconds."""
    microseconds = 1000 * results.median("p50")
    rows = [
        [name, f"{100 * share:.0f} %", number(share * microseconds)]
        for name, share in results.layers.items()
    ]
    return table(["layer", "share", "µs"], rows)


def slope(results: Results) -> str:
    """A warm call by how many inputs a model has, and by how many levels its factors have."""
    if not results.has("inputs_1"):
        return "Not measured."
    first, floor = results.median("inputs_1"), results.median("p50", "floor")
    rows = []
    for kind, counts in (("inputs", INPUTS), ("levels", LEVELS)):
        for count in counts:
            time = results.median(f"{kind}_{count}")
            shape = [count, LEVELS_EACH] if kind == "inputs" else [FACTORS, count]
            figures = [1000 * time, time / first, time / floor]
            rows.append([*map(str, shape), *map(number, figures)])
    headings = ["inputs", "levels of a factor", "warm call, p50, µs"]
    shown = table([*headings, "ratio to 1 input", "ratio to floor"], rows)
    levels = results.median(f"levels_{LEVELS[-1]}") / results.median(f"levels_{LEVELS[0]}")
    return (
        f"{shown}\n\nA further input adds {number(per_input(results))} µs to a call; "
        f"{LEVELS[-1]} levels take {number(levels)} times as long as {LEVELS[0]}."
    )


def training(results: Results) -> str:
    """Seconds and memory of `make train` by rows."""
    rows = [
        [f"{each.rows:,}", number(each.seconds), number(each.megabytes)]
        for each in results.training
    ]
    return table(["rows, simulated", "seconds", "peak MB, all processes"], rows)


def batch(results: Results) -> str:
    """Rows per second and vCPU by size of a CSV, and the memory of the one process."""
    rows = []
    for each in results.batch:
        rate = each.rows / each.seconds
        cells = [number(each.seconds), f"{rate:,.0f}", number(each.megabytes)]
        rows.append([f"{each.rows:,}", *cells])
    headings = ["rows of a CSV", "CPU seconds", "rows per second and vCPU", "peak memory, MB"]
    return table(headings, rows) if rows else "Not measured."


def quotas(results: Results) -> str:
    """Durations of the image under each memory size's share of a CPU."""
    rows = [
        [
            f"{each.memory:,} MB",
            f"{each.cpus:.3f}",
            number(each.first),
            number(each.apart),
            number(each.single),
            number(each.batch),
        ]
        for each in results.quotas
    ]
    headings = ["memory", "CPUs", "first response, ms", "spaced call, ms", "back-to-back call, ms"]
    return table([*headings, "batch of 1,000, ms"], rows)


def cost(
    results: Results,
    prices: dict[str, Prices] = PRICES,
    gateway: float = GATEWAY,
    cold_share: float = COLD_SHARE,
) -> str:
    """US dollars per million predictions, and when provisioned concurrency pays."""
    around = gateway + OBSERVABILITY
    rows = [
        [
            f"{each.memory:,} MB",
            each.architecture,
            f"{each.single:.3f}",
            f"{each.single + around:.3f}",
            f"{each.batch:.5f}",
            f"{each.batch + around / 1000:.5f}",
        ]
        for each in costs(results, prices, cold_share)
    ]
    headings = ["memory", "architecture", "single, $", "in all, $"]
    shown = table([*headings, "in batches of 1,000, $", "in all, $"], rows)
    middle = results.quotas[len(results.quotas) // 2]
    pays = "\n".join(
        f"- {explain_break_even(middle, name, price)}" for name, price in prices.items()
    )
    return (
        f"US dollars per million predictions; {100 * cold_share:g} % of calls start cold; the "
        f"gateway is ${gateway:.2f} per million requests, their logs and traces "
        f"${OBSERVABILITY:.2f}.\n\n{shown}\n\n"
        f"Provisioned concurrency:\n\n{pays}"
    )


def servers(results: Results) -> str:
    """Other servers with the naive model, beside ours and the naive peer."""
    return table(["server, one worker", "requests per second", "version"], results.servers)


BLOCKS: Final = {
    "machine": machine,
    "figures": figures,
    "targets": targets,
    "imports": imports,
    "layers": layers,
    "slope": slope,
    "training": training,
    "batch": batch,
    "quotas": quotas,
    "cost": cost,
    "servers": servers,
}
"""The generated blocks of docs/performance.md, by the name of their markers."""


def render_page(page: str, results: Results) -> str:
    """The page with every block generated again; raises KeyError for an unknown marker."""

    def block(marker: re.Match[str]) -> str:
        name = marker.group(1)
        return f"<!-- {name} -->\n\n{BLOCKS[name](results)}\n\n<!-- end of {name} -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- end of \1 -->", block, page, flags=re.DOTALL)
