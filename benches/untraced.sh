#!/usr/bin/env bash
# What the machinery for observers costs a run that nobody observes: host instructions of the same interpreted run, counted by
# valgrind's callgrind, in the working tree and in another commit. Prints both and their ratio.
#
#   benches/untraced.sh [COMMIT] [INSTRUCTIONS]     # default: d070d23, the last commit before traces; 5,000,000
#
# Both are built with the same flags, those of the working tree's release profile, into target/untraced. Needs valgrind; takes two
# builds and some minutes.
set -euo pipefail
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
cd "$(dirname "$0")/.."
commit=${1:-d070d23}
insns=${2:-5000000}
here=$PWD
work=$here/target/untraced
elf=$here/firmware/prebuilt/bench/conv.elf
mkdir -p "$work"
[ -d "$work/source" ] || git worktree add --detach "$work/source" "$commit" >&2
git -C "$work/source" checkout -q --detach "$commit"
trap 'git -C "$here" worktree remove --force "$work/source"' EXIT

# Builds the source in a folder; prints the path of the program.
build() {
    (cd "$1" && CARGO_TARGET_DIR="$work/$2" cargo build --release --bin stuckat >&2)
    echo "$work/$2/release/stuckat"
}

# Host instructions of a run without compiled code, beyond those of one that ends at once.
count() {
    local total start
    total=$(callgrind "$1" "$insns")
    start=$(callgrind "$1" 1)
    echo $((total - start))
}

callgrind() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" run --slow --max-insns "$2" "$elf" 2>&1 |
        sed -n 's/.*Collected : //p'
}

before=$(build "$work/source" before)
now=$(build "$here" now)
before=$(count "$before")
now=$(count "$now")
awk -v b="$before" -v n="$now" -v i="$insns" -v c="$commit" 'BEGIN {
    printf "%s: %d host instructions (%.2f an instruction)\nhere: %d (%.2f)\nratio %.5f\n", c, b, b / i, n, n / i, n / b
}'
