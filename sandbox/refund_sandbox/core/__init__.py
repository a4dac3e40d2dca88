"""What every API needs and none owns: specs, the pipeline, services. Knows no API by name."""
