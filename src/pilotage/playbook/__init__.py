"""The method as data: cadences with their phases and criteria, their loading and checking, and metric definitions."""
