"""`python -m server`: the command line, without the console script."""

from server.cli import main

if __name__ == "__main__":
    main(prog_name="appletql")
