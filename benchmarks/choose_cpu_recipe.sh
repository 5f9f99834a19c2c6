#!/usr/bin/env bash
# The rows of RESULTS.md, "Choosing the CPU recipe": CIFAR-10 at IPC 1, the same wall-clock time each, one at a time.
# What counts is the accuracy on held-out training images that each prints; the test set is not looked at.
set -euo pipefail
out=$(mktemp -d)
row() {
    local name=$1
    shift
    nsdc encode cifar10 --ipc 1 --time "${TIME:-3m}" -o "$out/$name.nsd" --overwrite "$@" 2>"$out/$name.err" | sed "s#^$out/##"
}
row default
row reading-A --set reading=A
row random-networks --set pool=0
row guided --set guidance.weight=100
row pixel --parameterization pixel
