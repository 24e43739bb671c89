"""`python -m pilotage` is the command line."""

from pilotage.cli import main

if __name__ == "__main__":
    main()
