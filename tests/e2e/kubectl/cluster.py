"""A running project with its TCP port open, and clients of it: kubectl, and bare HTTPS for the details."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.e2e.project import Project

DEADLINE_SECONDS = 50


def binaries() -> dict[str, str]:
    """Every kubectl there is: the one of the machine, and the newest, from its wheel."""
    beside = Path(sys.executable).parent / "kubectl"
    found = {"installed": shutil.which("kubectl") or "", "wheel": str(beside) if beside.exists() else ""}
    return {name: path for name, path in found.items() if path}


@dataclass(frozen=True)
class Answer:
    code: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Cluster:
    """What a client of a project sees. `kubectl` runs one command; `ask` sends one request."""

    def __init__(self, project: Project, binary: str = "") -> None:
        self.project = project
        self.binary = binary or next(iter(binaries().values()))
        self.kubeconfig = project.folder / "kubeconfig"

    @property
    def environ(self) -> dict[str, str]:
        home = Path(self.project.environ["HOME"])
        cache = home / f"cache-{Path(self.binary).parent.name}-{self.project.root.name}"
        return {
            **self.project.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(cache),
        }

    def kubectl(
        self, *words: str, code: int | None = 0, stdin: str | None = None, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self.binary, *words],
            cwd=self.project.root,
            env={**self.environ, **environ},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
        )
        if code is not None and done.returncode != code:
            raise AssertionError(
                f"kubectl {' '.join(words)}: exit {done.returncode}, not {code}\n"
                f"{done.stdout}\n{done.stderr}\n{self.project.own_log()}"
            )
        return done

    def with_token(self, token: str) -> Cluster:
        """The same, by a kubeconfig that holds another token."""
        found = self.config
        found["users"][0]["user"] = {"token": token}
        path = Path(self.project.environ["HOME"]) / f"kubeconfig-{token[:12]}"
        path.write_text(json.dumps(found))
        other = Cluster(self.project, self.binary)
        other.kubeconfig = path
        return other

    def out(self, *words: str, stdin: str | None = None) -> str:
        return self.kubectl(*words, stdin=stdin).stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.out(*words, "-o", "json"))

    def popen(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.binary, *words],
            cwd=self.project.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def until_it_answers(self) -> None:
        """Nothing tells when a port is open again, so each look is an exchange."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                if self.ask("/healthz").code == 200:
                    return
            except OSError:
                assert time.monotonic() < deadline, self.project.own_log()

    # ------------------------------------------------------------------ bare requests

    @property
    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(self.kubeconfig.read_text())
        return found

    @property
    def url(self) -> str:
        url: str = self.config["clusters"][0]["cluster"]["server"]
        return url

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port
        return port

    @property
    def token(self) -> str:
        return Path(self.config["users"][0]["user"]["tokenFile"]).read_text().strip()

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(
            cafile=self.config["clusters"][0]["cluster"]["certificate-authority"]
        )

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        token: str | None = "",
        body: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """One request; `token` None = none, empty = the kubeconfig's. `content_type` becomes a header."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        if token is not None:
            named["Authorization"] = f"Bearer {token or self.token}"
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.tls())
        try:
            link.request(method, path, body, named)
            answer = link.getresponse()
            found = {key.lower(): value for key, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            link.close()
