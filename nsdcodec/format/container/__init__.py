"""The container: a valid safetensors file whose one metadata text is the nsd header. Spec: spec/container.md."""
