"""What each command needs before it becomes a fact, one module per stretch of the way."""
