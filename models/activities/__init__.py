"""The activity calendar and its three platforms, and the PVKYC volumes of people week by week."""
