"""``python -m alloc``: the command line."""

from alloc.cli.main import main

if __name__ == "__main__":
    main()
