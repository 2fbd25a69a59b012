"""This machine: paths, facts, the service, the JRE. It reads; changes are made on copies only."""
