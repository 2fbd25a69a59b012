"""The practice primary: TLS with the stores and settings of the deployment."""
