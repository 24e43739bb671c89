"""The SDK: choose the arm, survive its failures, record the call. Applications import it from `pilotage`."""
