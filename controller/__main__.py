"""`python -m controller` is `workerctl`."""

from controller.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
