"""What a worker dies of is told before it dies (S3.6)."""

from __future__ import annotations

import json

from tests.sdk.conftest import Surroundings


def test_s3_6_an_uncaught_exception_is_told_and_printed(around: Surroundings) -> None:
    (around.folder / "job.py").write_text(
        "import os, workerset\n\ndef run():\n    os.environ['API_KEY']\n\nrun()\n"
    )
    done = around.run("import runpy; runpy.run_path('job.py')", code=1)
    kind, _, text = around.said().partition(b"=")
    assert kind == b"WORKERSET_ERROR"
    assert json.loads(text) == {"type": "KeyError", "message": "'API_KEY'", "file": "job.py", "line": 4}
    assert "KeyError: 'API_KEY'" in done.stderr


def test_s3_6_an_exception_of_a_module_has_its_full_name(around: Surroundings) -> None:
    around.run("import json, workerset; json.loads('{')", code=1)
    found = json.loads(around.said().partition(b"=")[2])
    assert found["type"] == "json.decoder.JSONDecodeError"
    assert found["file"] == "<string>" or found["file"].endswith("decoder.py")


def test_the_hook_of_before_is_called(around: Surroundings) -> None:
    done = around.run(
        """
        import sys
        sys.excepthook = lambda kind, value, trace: print("mine:", value)
        import workerset
        raise RuntimeError("x" * 100000)
        """,
        code=1,
    )
    assert done.stdout.startswith("mine: xxx")
    assert len(around.said()) < 8192


def test_an_interrupt_and_an_exit_are_no_errors(around: Surroundings) -> None:
    around.run("import workerset; raise SystemExit(3)", code=3)
    around.run("import workerset; raise KeyboardInterrupt", code=-2)
    assert around.is_silent()


def test_outside_nothing_is_changed(around: Surroundings) -> None:
    around.run("import sys, workerset; assert sys.excepthook is sys.__excepthook__", WORKERSET_RUN="", code=0)
    environ = {name: value for name, value in around.environ.items() if name != "WORKERSET_RUN"}
    around.environ = environ
    around.run("import sys, workerset; assert sys.excepthook is sys.__excepthook__")


def test_a_socket_that_is_gone_hides_no_error(around: Surroundings) -> None:
    (around.folder / "notify").unlink()
    done = around.run("import workerset; raise RuntimeError('the real one')", code=1)
    assert "the real one" in done.stderr
    assert "NotAvailable" not in done.stderr
