#!/usr/bin/env bash
# One sitting at a GPU: tests, the step beside the published loop, experts, an encode and its evaluation, within BUDGET
# seconds; what is found is in the folder RESULTS at once. benchmarks/gpu_sitting.py says what can be set.
#
#   benchmarks/gpu_sitting.sh RESULTS
#
# Nothing has to be installed: PYTHON (python3) with torch and the packages of the extra `encode`; what else is missing
# is in wheels/, where gpu_parcel.sh put it. Started again, it goes on: a stage that stands is not done again.
set -euo pipefail
results=${1:?usage: gpu_sitting.sh RESULTS}
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
work=${WORK:-$root/build/sitting}
mkdir -p "$results" "$work/modules"
work=$(cd "$work" && pwd)
ln -sfn "$root/nsdcodec" "$work/modules/nsdcodec"
ln -sfn "$root/cli" "$work/modules/nsdcodec_cli"
export WORK=$work PYTHONPATH="$work/modules:$work/wheels${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
if ! "$python" -c 'import pytest, zstandard' 2>/dev/null; then
    "$python" -m pip install --quiet --no-index --no-deps --no-compile --upgrade --target "$work/wheels" "$root"/wheels/*.whl
fi
exec "$python" "$root/benchmarks/gpu_sitting.py" "$results"
