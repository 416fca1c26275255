"""How far back the data can be put: AOF files that Redis would have removed (docs/decisions/0031)."""
