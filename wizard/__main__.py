"""`python -m wizard` is the command `cloudstream-wizard`."""

from wizard.cli.main import entry

if __name__ == "__main__":
    entry()
