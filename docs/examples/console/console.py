"""`console.py COMMAND`: the command is the name that was ensured."""

import sys

import workerset

COMMANDS = {}


def command(name):
    def add(function):
        COMMANDS[name] = function
        return function

    return add


@command("cache:warm")
def warm_cache():
    """Does its work, publishes the result, and stays to be read."""
    workerset.set_vars({"pages": sum(1 for _ in range(12))})
    workerset.handle().wait()


@command("mail:watch")
def watch_mail():
    """Goes on and on."""
    for count in workerset.ticks(0.5):
        workerset.set_vars({"unread": count})


if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        sys.exit(f"no such command: {name}; there are {', '.join(COMMANDS)}")
    COMMANDS[name]()
