"""The credit referral: a pilot on real loans that its own test ends with a no-go, told through the product itself."""
