"""Two complete workloads on real data, told through the product itself: a flight-delay desk and a credit referral."""
