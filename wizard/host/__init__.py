"""This machine: paths, facts, the service, the JRE. Looks; what it changes, it changes on copies."""
