"""`python -m linli`, which is what the `linli` command runs."""

from linli.cli import main

if __name__ == "__main__":
    main()
