"""The text of a systemd unit (systemd.service(5), systemd.kill(5)), from what goes into it."""

from __future__ import annotations

import shlex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNIT = """\
# {file}, made by workerctl systemd
#
{install}

[Unit]
Description=Workers of {root}
{after}
[Service]
Type=notify
NotifyAccess=main
{user}WorkingDirectory={root}
{environment}
ExecStart={command} up --stay
# Take over what the manifests say now; nothing that did not change is restarted.
ExecReload={command} up -d
# Nothing is left to be ended where somebody else has done it: that is no failure.
ExecStop=-{command} down
# Whatever ends the main process, workers and the controller stay, and the next start finds them running.
KillMode=process
# Limits of memory and processor time are set in control groups below this one.
Delegate=yes
Restart=on-failure
RestartSec=1s
SuccessExitStatus=143
TimeoutStartSec=3min
TimeoutStopSec=2min

[Install]
WantedBy={target}
"""

_INSTALL_SYSTEM = """\
#   workerctl systemd | sudo tee /etc/systemd/system/{file}
#   sudo systemctl daemon-reload && sudo systemctl enable --now {file}"""

_INSTALL_USER = """\
#   workerctl systemd --user > ~/.config/systemd/user/{file}
#   systemctl --user daemon-reload && systemctl --user enable --now {file}
#   loginctl enable-linger    # runs without anybody logged in, from boot on"""


def render(root: str, argv: Sequence[str], variables: Mapping[str, str], *, owner: str, is_user: bool) -> str:
    """`owner` is who the workers of a system unit run as; empty: whoever runs the service manager."""
    file = file_name(root)
    install = _INSTALL_USER if is_user else _INSTALL_SYSTEM
    return _UNIT.format(
        file=file,
        install=install.format(file=file),
        root=specifiers(root),
        after="" if is_user else "After=network.target\n",
        user=f"User={owner}\n" if owner and not is_user else "",
        environment="\n".join(f"Environment={quoted(f'{key}={value}')}" for key, value in variables.items()),
        command=" ".join(quoted(word, command=True) for word in [*argv, "-C", root]),
        target="default.target" if is_user else "multi-user.target",
    )


def file_name(root: str) -> str:
    """`workerset-shop.service`: of letters that unit names may have (systemd.unit(5))."""
    name = root.rstrip("/").rpartition("/")[2]
    kept = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "-" for one in name)
    return f"workerset-{kept or 'root'}.service"


def quoted(word: str, *, command: bool = False) -> str:
    """One word as systemd.syntax(7) reads it; in a command `$` stands for variables too."""
    text = specifiers(word).replace("\\", "\\\\").replace('"', '\\"')
    text = text.replace("\n", "\\n").replace("\t", "\\t")
    if command:
        text = text.replace("$", "$$")
    return text if shlex.quote(word) == word and text == word else f'"{text}"'


def specifiers(text: str) -> str:
    """`%` begins a specifier everywhere in a unit."""
    return text.replace("%", "%%")
