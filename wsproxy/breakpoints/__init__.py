"""Messages that wait until somebody lets them go."""
