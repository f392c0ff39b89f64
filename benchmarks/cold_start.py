"""How long a newcomer waits: `poetgen --help` and a cold `poetgen generate 月`, beside `import torch`.

    python benchmarks/cold_start.py [ROUNDS]

Whole processes, the three in turn each round; prints medians, spread, and the ratio within each round, as JSON.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "import torch": [sys.executable, "-c", "import torch"],
    "poetgen --help": [sys.executable, "-m", "poetgen", "--help"],
    "poetgen generate 月": [sys.executable, "-m", "poetgen", "generate", "月", "--seed", "1"],
}


def seconds(command: list[str]) -> float:
    """Wall time of one process, which must succeed."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main(rounds: int) -> None:
    """One uncounted round, then `rounds` counted ones."""
    for command in COMMANDS.values():
        seconds(command)
    times = [{name: seconds(command) for name, command in COMMANDS.items()} for _ in range(rounds)]
    result = {
        name: {
            "median_s": round(statistics.median(each[name] for each in times), 3),
            "from_s": round(min(each[name] for each in times), 3),
            "to_s": round(max(each[name] for each in times), 3),
            "of_import_torch": round(
                statistics.median(each[name] / each["import torch"] for each in times), 3
            ),
        }
        for name in COMMANDS
    }
    print(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rounds", nargs="?", type=int, default=7)
    main(parser.parse_args().rounds)
