"""People, their accounts, and the credentials by which they sign in."""
