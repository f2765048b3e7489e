"""``python -m aetherist`` is the command line."""

from aetherist.cli.main import main

if __name__ == "__main__":
    main()
