"""`python -m benchmarks [NAME …]`: measure all figures, or those that are named."""

import argparse

from benchmarks import api_requests, cold_start, matching, rendering, throughput

_BENCHMARKS = {
    "matching": matching.run,
    "rendering": rendering.run,
    "cold_start": cold_start.run,
    "api_requests": api_requests.run,
    "throughput": throughput.run,
}


def main() -> None:
    """Run the benchmarks in order."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure, print and save as JSON.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(_BENCHMARKS)}; all without one")
    names = parser.parse_args().names
    if unknown := set(names) - _BENCHMARKS.keys():
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    for name in names or _BENCHMARKS:
        _BENCHMARKS[name]()


if __name__ == "__main__":
    main()
