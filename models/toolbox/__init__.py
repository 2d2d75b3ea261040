"""工具箱: the three parameter tables that planning calculates with."""
