"""Who asks: sessions and tokens, what they may do, and the proof that a form came from our own pages."""
