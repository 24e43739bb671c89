"""One module per stretch of the way: the rules by which a command becomes facts or a refusal. Pure."""
