"""What the operator is asked, in which order, and the answers; pure."""
