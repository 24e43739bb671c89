"""Documents that people sign and send: one model of their content, set as PDF and as HTML from the same source."""
