"""The end-to-end benchmark: ``cadenza serve`` and the floor under the same load, as ratios.

Run ``python benchmarks/run.py`` or ``make bench``; ``benchmarks/README.md`` says what the figures
mean. Nothing is asserted: the exit status is 1 only if something did not run or a delivery was
lost.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from processes import HERE, Bench, BenchmarkError, Figures, allow_sockets, build
from workloads import WORKLOADS, Workload

MICRO: Final = (
    "bench_protocol.py",
    "bench_tokens.py",
    "bench_market.py",
    "bench_engine.py",
    "bench_matching.py",
    "bench_store.py",
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A workload's figures, the medians of all rounds.

    Attributes:
        workload: Which.
        floor: The floor's figures.
        server: Cadenza's.
        ratios: CPU per delivery in floors, of each round.
        best: The same of the server's cheapest round and the floor's.
        complete: Everything that was published arrived wherever it should, in every round.
    """

    workload: Workload
    floor: Figures
    server: Figures
    ratios: tuple[float, ...]
    best: float
    complete: bool

    @property
    def ratio(self) -> float:
        """The median round's."""
        return statistics.median(self.ratios)


def measure(bench: Bench, workload: Workload, args: argparse.Namespace) -> Outcome:
    """Run floor and server in turns."""
    connections = workload.connections or args.connections
    floors, servers = [], []
    for number in range(args.rounds):
        tell(f"{workload.name}: round {number + 1} of {args.rounds}")
        servers.append(bench.run_server(workload, connections, args.seconds))
        same = as_published(workload, servers[-1], connections)
        floors.append(bench.run_floor(same, connections, args.seconds))
    costs = [run.us_per_delivery for run in servers]
    least = [run.us_per_delivery for run in floors]
    return Outcome(
        workload=workload,
        floor=medians(floors),
        server=medians(servers),
        ratios=tuple(cost / floor for cost, floor in zip(costs, least, strict=True)),
        best=min(costs) / min(least),
        complete=all(
            run.delivered == run.expected > 0 and not run.failures for run in servers + floors
        ),
    )


def as_published(workload: Workload, figures: Figures, connections: int) -> Workload:
    """A workload for the floor; of a market, one with as many messages of the same size."""
    if not workload.market:
        return workload
    rate = figures.delivered / figures.seconds / connections * len(workload.names)
    overhead = 75  # of the floor's push around a payload, and of the timestamp in it
    payload = max(0, round(figures.bytes_per_delivery) - overhead)
    channels = len(workload.names)
    return dataclasses.replace(workload, names=(), channels=channels, rate=rate, payload=payload)


def medians(runs: Sequence[Figures]) -> Figures:
    """The median of each figure by itself."""
    names = Figures.__struct_fields__
    values = {name: statistics.median_low(getattr(run, name) for run in runs) for name in names}
    return msgspec.convert(values, Figures, strict=False)


COLUMNS: Final = (
    ("workload", "<16"),
    ("floor µs", ">9"),
    ("ours µs", ">8"),
    ("ratio", ">7"),
    ("best", ">7"),
    ("target", ">7"),
    ("p50/p99 ms", ">15"),
    ("floor's", ">15"),
    ("KiB/conn", ">9"),
    ("connect µs", ">11"),
    ("delivered", ">12"),
    ("", "<4"),
)


def row(outcome: Outcome) -> list[str]:
    """One line of the table, in the order of ``COLUMNS``."""
    floor, ours, workload = outcome.floor, outcome.server, outcome.workload
    return [
        workload.name,
        f"{floor.us_per_delivery:.2f}",
        f"{ours.us_per_delivery:.2f}",
        f"{outcome.ratio:.2f}",
        f"{outcome.best:.2f}",
        "" if workload.target is None else f"{workload.target:.2f}",
        f"{ours.p50_ms:.2f}/{ours.p99_ms:.2f}" if not workload.market else "-",
        f"{floor.p50_ms:.2f}/{floor.p99_ms:.2f}",
        f"{ours.kib_per_connection:.2f}",
        f"{ours.connect_us:.0f}",
        f"{ours.delivered:,}",
        " all" if outcome.complete else " LOST",
    ]


def notes(outcome: Outcome) -> str:
    """What stands under the table about one workload."""
    ours = outcome.server
    spread = f"ratios {min(outcome.ratios):.2f} to {max(outcome.ratios):.2f}"
    text = f"{outcome.workload.name}: {outcome.workload.about}; {spread}"
    if outcome.workload.deaf:
        text += f"; {ours.dropped} disconnected as slow, server grew by {ours.peak_kib:,.0f} KiB"
    return text


def print_table(outcomes: Sequence[Outcome]) -> None:
    """The report for people."""
    lines = [[title for title, _ in COLUMNS], *map(row, outcomes)]
    for line in lines:
        cells = zip(line, COLUMNS, strict=True)
        print("".join(format(cell, width) for cell, (_, width) in cells).rstrip())
    print("\nCPU of one core per delivery, medians of all rounds; a ratio is server by floor,")
    print("best is the server's cheapest round by the floor's: what a quiet machine would show.")
    for outcome in outcomes:
        print(f"  {notes(outcome)}")


def as_json(outcomes: Sequence[Outcome]) -> str:
    """The report for programs."""
    shown: list[dict[str, Any]] = [
        {
            "workload": outcome.workload.name,
            "target": outcome.workload.target,
            "ratio": round(outcome.ratio, 3),
            "best": round(outcome.best, 3),
            "ratios": [round(ratio, 3) for ratio in outcome.ratios],
            "complete": outcome.complete,
            "server": outcome.server,
            "floor": outcome.floor,
        }
        for outcome in outcomes
    ]
    return msgspec.json.format(msgspec.json.encode(shown)).decode()


def run_micro() -> bool:
    """The in-process benchmarks, one after another; whether all of them ran."""
    failed = []
    for name in MICRO:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, str(HERE / name)], check=False).returncode:
            failed.append(name)
    print(f"\n{len(MICRO) - len(failed)} of {len(MICRO)} ran", *failed)
    return not failed


def cores() -> tuple[int, int]:
    """A core for the server and one for the generator; the same one if there is only one."""
    if not hasattr(os, "sched_getaffinity"):
        return 0, 0
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) == 1:
        tell("there is one core only: server and generator share it, and ratios shrink")
    return usable[0], usable[-1]


def tell(text: str) -> None:
    """Progress, beside the report."""
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    names = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workload", "-w", action="append", choices=names, help="only this one")
    parser.add_argument("--rounds", type=int, default=3, help="of each; medians are shown (3)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of publishing a run (4)")
    parser.add_argument("--connections", type=int, default=1000, help="subscribers (1000)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--micro", action="store_true", help="run the in-process benchmarks instead"
    )
    return parser.parse_args()


def main() -> int:
    """Run what was asked for."""
    args = arguments()
    if args.micro:
        return 0 if run_micro() else 1
    chosen = [
        workload for workload in WORKLOADS if workload.name in (args.workload or workload.name)
    ]
    try:
        allow_sockets()
        build()
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), cores())
            outcomes = [measure(bench, workload, args) for workload in chosen]
    except BenchmarkError as error:
        tell(f"error: {error}")
        return 1
    if args.json:
        print(as_json(outcomes))
    else:
        print_table(outcomes)
    return 0 if all(outcome.complete for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
