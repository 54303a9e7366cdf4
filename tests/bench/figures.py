"""What the parts of bench.py report."""

import statistics
import sys


def note(text):
    print(text, file=sys.stderr, flush=True)


class Report:
    def __init__(self):
        self.results = []

    def add(self, name, value, unit, against, limit, spread=None):
        """`limit`: the value of the thing compared with, in the same unit."""
        result = {"name": name, "value": round(value, 3), "unit": unit, "against": against, "ratio": round(value / limit, 3)}
        if spread:
            result["min"], result["max"] = round(min(spread), 3), round(max(spread), 3)
        self.results.append(result)

    def table(self):
        rows = [("name", "value", "unit", "ratio", "against")]
        rows += [(r["name"], f"{r['value']:,.4g}" if r["value"] < 1000 else f"{r['value']:,.0f}", r["unit"], f"{r['ratio']:.2f}", r["against"])
                 for r in self.results]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        return "\n".join("  ".join(cell.rjust(w) if i in (1, 3) else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths))).rstrip() for row in rows)


def middle(rounds, key="rate"):
    return statistics.median(r[key] for r in rounds)


def show(name, rounds):
    rates = sorted(r["rate"] for r in rounds)
    times = f", p50 {middle(rounds, 'p50_us') / 1e3:.2f} ms, p99 {middle(rounds, 'p99_us') / 1e3:.2f} ms" if "p50_us" in rounds[0] else ""
    note(f"  {name}: {rates[0]:,.0f} / {rates[len(rates) // 2]:,.0f} / {rates[-1]:,.0f} requests/s, {middle(rounds, 'cpu_us'):.1f} us of CPU each{times}")
