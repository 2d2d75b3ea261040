"""The planning and indicator model that the meetings are part of.

One room per domain, each with its tables, its repository (all SQL lives there) and its calculations (pure
functions on frozen values). A room may use the rooms below it:

    demo_org           a generated, consistent organisation
    exchange           Excel and CSV in and out
    navigator, toolbox
    management         the four management actions and their cadence
    activities         events of the three platforms, PVKYC volumes
    planning           target tree, income targets
    customers          snapshots, quadrants, sales
    meetings           slots, meetings, scorecards, action items
    indicators         definitions, observations, parameters
    organisation       institutions, offices, people, ranks
    calendar           business weeks, working days
    base, database     column types, engines, sessions
"""
