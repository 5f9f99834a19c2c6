#!/usr/bin/env bash
# The rows of RESULTS.md, "Choosing the CPU recipe": CIFAR-10 at IPC 1, the same wall-clock time each, one at a time.
# What counts is the accuracy on held-out training images that each prints; the test set is not looked at. The default was
# then pooled distribution matching in float16.
set -euo pipefail
out=$(mktemp -d)
old=(--recipe cpu --objective dm --set dtype=float16 --set optimizer.learning_rate=0.02)
old+=(--set pool_age=300 --set pool_steps=1 --set pool_rate=0.05)
row() {
    local name=$1
    shift
    nsdc encode cifar10 --ipc 1 --time "${TIME:-3m}" "${old[@]}" -o "$out/$name.nsd" --overwrite "$@" 2>"$out/$name.err" | sed "s#^$out/##"
}
row pool --set pool=5
row reading-A --set pool=5 --set reading=A
row random-networks --set pool=0
row guided --set pool=5 --set guidance.weight=100
row pixel --set pool=5 --parameterization pixel
