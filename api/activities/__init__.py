"""The activity calendar with its loop of plan, execution and review, and weekly PVKYC volumes."""
