"""People over the machine: the queue of doubtful results, decisions, appeals, and how far both agree."""
