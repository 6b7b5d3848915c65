"""Asset checks: the quality gates, each with what it saw and what it would have accepted."""
