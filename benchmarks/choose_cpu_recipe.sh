#!/usr/bin/env bash
# The rows of RESULTS.md, "Choosing the CPU recipe": CIFAR-10 at IPC 1, three minutes each, one at a time.
# What counts is the accuracy on held-out training images that each prints; the test set is not looked at.
set -euo pipefail
out=$(mktemp -d)
row() {
    local name=$1
    shift
    printf '%-28s ' "$name"
    nsdc encode cifar10 --ipc 1 --time "${TIME:-3m}" --restart -o "$out/$name.nsd" "$@" 2>"$out/$name.err" | sed "s#^$out/##"
}
row default
row reading-A --set reading=A
row random-networks --set pool=0
row half-precision-off --precision float32
row pixel --parameterization pixel
row random-real-images --parameterization pixel --objective none
