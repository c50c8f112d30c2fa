"""The command `autograder`, and `python -m autograder`: answers Ctrl-C from before the first import on."""

import sys


def main() -> None:
    try:
        from autograder import cli

        cli.main()
    except KeyboardInterrupt:
        print("\nInterrupted; every answer is as it was.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
