"""The OpenAPI description, made from what each endpoint says of itself."""
