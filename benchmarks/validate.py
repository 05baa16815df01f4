"""Documents validated a second and core, end to end: read, parse, check, compare.

`python benchmarks/validate.py [COUNT]` writes COUNT manifests (1,000) into a temporary folder, once as
a file each and once as one file, and prints the best of three runs of each.
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from controller.manifest import validate  # noqa: E402

DOCUMENT = """\
apiVersion: workerset.dev/v1
kind: WorkerSet
metadata:
  name: worker-{number}
  labels: {{app: shop, tier: backend}}
spec:
  background: true
  name: job-{number}
  num: 2
  command: [python, -u, bin/jobs.py, --shard, "{number}"]
  env:
    MODE: production
    DATABASE: postgres://127.0.0.1/shop
  restart: on_failure
  stop_grace: 5s
"""


def measure(path: str) -> float:
    """CPU seconds of the best of three runs."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        report = validate.validate([path])
        best = min(best, time.process_time() - started)
        assert report.ok, report.diagnostics[:1]
    return best


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    documents = [DOCUMENT.format(number=number) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        apart, together = pathlib.Path(folder, "apart"), pathlib.Path(folder, "together.yaml")
        apart.mkdir()
        for number, document in enumerate(documents):
            (apart / f"{number:05}.yaml").write_text(document)
        together.write_text("---\n".join(documents))
        rates = {
            "documents_per_cpu_second_one_file_each": round(count / measure(str(apart))),
            "documents_per_cpu_second_in_one_file": round(count / measure(str(together))),
        }
    assert "jsonschema" not in sys.modules, "valid documents must not need jsonschema"
    print(json.dumps({"documents": count, **rates}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
