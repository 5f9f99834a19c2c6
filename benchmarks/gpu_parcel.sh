#!/usr/bin/env bash
# Makes the parcels that a sitting at a GPU needs, each below 60 MB, and prints what to type there:
#
#   PYTHON=.venv/bin/python benchmarks/gpu_parcel.sh $NSDC_DATA/cifar10.h5 build/parcel
#
# The first has the code of the last commit and the wheels that such a machine lacks (WHEELS: a folder that has them;
# by itself they are fetched by PIP, for Python 3.12 on x86-64), and all of them the images.
set -euo pipefail
images=${1:?usage: gpu_parcel.sh IMAGES.h5 FOLDER}
folder=${2:?usage: gpu_parcel.sh IMAGES.h5 FOLDER}
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
read -ra pip <<<"${PIP:-$python -m pip}"

rm -rf "$folder"
mkdir -p "$folder/1"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
git -C "$root" archive HEAD | tar -x -C "$made"
git -C "$root" rev-parse HEAD >"$made/COMMIT"
if [ -n "$(git -C "$root" status --porcelain)" ]; then
    echo "note: changes that are not committed do not travel" >&2
fi
if [ -n "${WHEELS:-}" ]; then
    cp -r "$WHEELS" "$made/wheels"
else
    "${pip[@]}" download --quiet --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
        --dest "$made/wheels" zstandard
fi
tar -czf "$folder/1/code.tar.gz" -C "$made" .
"$python" "$root/benchmarks/gpu_parcel.py" pack "$images" "$folder"
du -sb "$folder"/*

parcels=$(find "$folder" -mindepth 1 -maxdepth 1 -type d | wc -l)
unpack="python3 build/sitting/benchmarks/gpu_parcel.py unpack"
sit="build/sitting/benchmarks/gpu_sitting.sh RESULTS"
cat <<END

To type where a parcel has come, one line each; RESULTS is the folder that comes back. The first stages need no images:
they run before the last parcel is there. BUDGET is in seconds.
END
for number in $(seq 1 "$parcels"); do
    line="$unpack $folder/$number build/sitting/data"
    if [ "$number" = 1 ]; then
        line="mkdir -p build/sitting && tar -xzf $folder/1/code.tar.gz -C build/sitting && $line"
        [ "$parcels" = 1 ] || line+=" && STAGES='tests step' BUDGET=210 $sit"
    fi
    if [ "$number" = "$parcels" ]; then
        [ "$parcels" = 1 ] || line+=" && STAGES='experts initial encode eval' BUDGET=450"
        [ "$parcels" = 1 ] && line+=" && BUDGET=540"
        line+=" $sit"
    fi
    printf '\n%s\n' "$line"
done
