"""How long recordings are kept: deleted after the days set, scores stay; a legal hold keeps them."""
