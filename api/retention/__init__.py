"""How long recordings are kept: deleted after the days set, scores stay; a legal hold keeps them.

Nothing that is made of a recording holds sound: artefacts are text, clips are cut when they are asked for.
Copies that a killed process left in the spool go with the daily sweep, contents that no row refers to with
`tidying`.
"""
