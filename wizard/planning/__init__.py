"""From answers and the machine's facts to a plan; changes nothing."""
