"""The flight-delay desk: a complete workload on real flights and real weather, told through the product itself."""
