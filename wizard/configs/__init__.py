"""Configuration files edited without losing a byte. Touches nothing."""
