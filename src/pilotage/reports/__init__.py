"""The record and the evidence as pictures: one place that pages, documents and the command line draw from."""
