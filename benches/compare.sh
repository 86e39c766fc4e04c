#!/usr/bin/env bash
# The speed of `stuckat run` beside that of qemu-riscv32, on the programs of firmware/bench/; a Markdown table on stdout.
#
# Both run the same machine code. Runs are interleaved and repeated, and medians are compared: on a shared machine a ratio
# holds longer than a rate. Instructions are those that stuckat counts. The table has whole runs; what it takes to start is
# measured by itself, with no rounds, and said below it. From runs with faults it is subtracted: these read a netlist first.
#
# Needs: bash, coreutils, awk; Rust, or STUCKAT=path of a release build; qemu-riscv32 (Debian's package qemu-user), or
# QEMU=path of another one.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

usage() {
    cat <<'TEXT'
Usage: benches/compare.sh [OPTIONS] [PROGRAM...]    programs: conv conv-index conv-tiled mix strings

  --repeat N         how often each run is repeated; medians count        [default: 5]
  --rounds N         rounds of each program                               [default: its own, 1,000 million instructions]
  --wall             compare elapsed time, not processor time
  --faults N         afterwards: each program with each of N random faults of the multiplier, beside plain runs [default: 0]
  --seed N           draws the faults                                     [default: 1]
  --fault-rounds N   rounds of a program with a fault                     [default: as --rounds]
TEXT
}

die() {
    printf 'compare.sh: %s\n' "$1" >&2
    exit 1
}

number() { # OPTION VALUE LEAST
    [[ $2 =~ ^[0-9]{1,9}$ ]] && ((10#$2 >= $3)) || die "$1: '$2' is not a whole number from $3 on"
    printf '%d' "$((10#$2))"
}

repeat=5 rounds='' kind=processor faults=0 seed=1 fault_rounds='' programs=()
while (($# > 0)); do
    case $1 in
    --repeat | --rounds | --faults | --seed | --fault-rounds) (($# > 1)) || die "$1: a number is missing" ;;&
    --repeat) repeat=$(number "$1" "$2" 1); shift 2 ;;
    --rounds) rounds=$(number "$1" "$2" 1); shift 2 ;;
    --faults) faults=$(number "$1" "$2" 0); shift 2 ;;
    --seed) seed=$(number "$1" "$2" 1); shift 2 ;;
    --fault-rounds) fault_rounds=$(number "$1" "$2" 1); shift 2 ;;
    --wall) kind=elapsed; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) die "$1: unknown; see --help" ;;
    *) programs+=("$1"); shift ;;
    esac
done
((${#programs[@]} > 0)) || programs=(conv conv-index conv-tiled mix strings)
fault_rounds=${fault_rounds:-$rounds}

folder=firmware/prebuilt/bench
for program in "${programs[@]}"; do
    [[ $program != */* && -f $folder/$program.elf ]] || die "there is no program '$program'; see --help"
done
qemu=${QEMU:-qemu-riscv32}
if ! command -v "$qemu" >/dev/null; then
    printf 'compare.sh: %s is not installed (Debian: apt-get install qemu-user); stuckat is measured alone\n' "$qemu" >&2
    qemu=''
fi
if [[ -z ${STUCKAT:-} ]]; then
    command -v cargo >/dev/null || die 'cargo is not installed; install Rust, or say STUCKAT=path of a release build'
    cargo build --release --quiet
    STUCKAT=${CARGO_TARGET_DIR:-target}/release/stuckat
fi
[[ -x $STUCKAT ]] || die "STUCKAT=$STUCKAT: not a program"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs a command: its exit code in $code, its seconds in $seconds, stdout and stderr in files of $work.
timed() {
    local TIMEFORMAT='%U %S' start=$EPOCHREALTIME
    code=0
    { time "$@" >"$work/stdout" 2>"$work/stderr" </dev/null; } 2>"$work/time" || code=$?
    local end=$EPOCHREALTIME
    if [[ $kind = elapsed ]]; then
        seconds=$(awk -v a="$start" -v b="$end" 'BEGIN { printf "%.6f", b - a }')
    else
        seconds=$(awk '{ printf "%.3f", $1 + $2 }' "$work/time")
    fi
}

# The instructions that the last run of stuckat has counted, in $instructions.
count() {
    instructions=$(sed -nE 's/^([0-9,]+) instructions, .*/\1/p' "$work/stderr" | tr -d ,)
    [[ -n $instructions ]] || die "stuckat says nothing of instructions: $(cat "$work/stderr")"
}

# The last run must have ended well and printed its checksum: what a native build printed, or what the other one did.
check() { # WHO PROGRAM
    local line expected
    line=$(cat "$work/stdout")
    local said="$work/printed.${line%%:*}" # by name and number of rounds
    ((code == 0)) || die "$1, $2: exit code $code: $(head -c 500 "$work/stderr")"
    expected=$(grep -F "${line%%:*}:" firmware/bench/expected.txt || true)
    [[ -n $expected ]] || expected=$(cat "$said" 2>/dev/null || printf '%s' "$line")
    [[ $line = "$expected" ]] || die "$1, $2: prints '$line', not '$expected'"
    printf '%s' "$line" >"$said"
}

run_qemu() { # PROGRAM [ROUNDS]
    timed "$qemu" "$folder/$1.linux.elf" "${@:2}"
    check qemu "$1"
}

run_stuckat() { # PROGRAM [ROUNDS]
    timed "$STUCKAT" run --stats "$folder/$1.elf" -- "${@:2}"
    check stuckat "$1"
    count
}

median() { sort -g | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# ---- plain ----------------------------------------------------------------------------------------------------------

for ((i = 0; i < repeat; i++)); do
    for program in "${programs[@]}"; do
        if [[ -n $qemu ]]; then
            run_qemu "$program" ${rounds:+"$rounds"}
            printf '%s\n' "$seconds" >>"$work/qemu.$program"
        fi
        run_stuckat "$program" ${rounds:+"$rounds"}
        printf '%s\n' "$seconds" >>"$work/stuckat.$program"
        printf '%s\n' "$instructions" >"$work/instructions.$program"
    done
done

printf 'Medians of %s interleaved runs, %s time; %s; %s.\n\n' "$repeat" "$kind" \
    "$("$STUCKAT" --version)" "$(if [[ -n $qemu ]]; then "$qemu" --version | head -1; else echo 'no QEMU'; fi)"
printf '| program | million instructions | QEMU, s | QEMU, M instructions/s | stuckat, s | stuckat, M instructions/s | stuckat : QEMU |\n'
printf '|---|---|---|---|---|---|---|\n'
for program in "${programs[@]}"; do
    theirs=''
    [[ -z $qemu ]] || theirs=$(median <"$work/qemu.$program")
    awk -v p="$program" -v n="$(cat "$work/instructions.$program")" -v q="$theirs" \
        -v s="$(median <"$work/stuckat.$program")" '
        function rate(t) { return t > 0 ? sprintf("%.0f", n / t / 1e6) : "-" }
        BEGIN {
            printf "| %s | %.1f | %s | %s | %.3f | %s | %s |\n", p, n / 1e6, q == "" ? "-" : sprintf("%.3f", q),
                q == "" ? "-" : rate(q), s, rate(s), q == "" || s <= 0 ? "-" : sprintf("%.3f", q / s)
        }'
done

# Start-up: the smallest program without any rounds; elapsed, as somebody who waits sees it.
startup() { # WHO
    local i kind=elapsed
    for ((i = 0; i < 30; i++)); do
        "run_$1" strings 0
        printf '%s\n' "$seconds"
    done | median | awk '{ printf "%.1f ms", 1000 * $1 }'
}
ours=$(startup stuckat) theirs=''
[[ -z $qemu ]] || theirs=$(startup qemu)
printf '\nStart-up, included above (strings with 0 rounds, elapsed time, median of 30): stuckat %s%s.\n' \
    "$ours" "${theirs:+, QEMU $theirs}"

# ---- with faults ----------------------------------------------------------------------------------------------------

((faults > 0)) || exit 0

# A sample without replacement; the generator is Park and Miller's (1988), exact in awk's numbers.
"$STUCKAT" netlist faults | awk -v seed="$seed" -v n="$faults" '
    function below(k) { seed = seed * 16807 % 2147483647; return int(seed / 2147483647 * k) }
    { line[NR] = $0 }
    END {
        for (i = 0; i < 10; i++) below(2)
        for (i = 1; i <= n && i <= NR; i++) {
            j = i + below(NR - i + 1); t = line[i]; line[i] = line[j]; line[j] = t
            print line[i]
        }
    }' >"$work/faults"

# A program with and without rounds: seconds an instruction between the two, in $pace. False if a run does
# not end with exit code 0.
pace() { # PROGRAM ROUNDS-OR-NOTHING [OPTION...]
    local program=$1 words=(${2:+"$2"})
    shift 2
    timed "$STUCKAT" run --stats "$@" "$folder/$program.elf" -- 0
    ((code == 0)) || return 1
    count
    local started=$seconds before=$instructions
    timed "$STUCKAT" run --stats "$@" "$folder/$program.elf" -- "${words[@]}"
    ((code == 0)) || return 1
    count
    pace=$(awk -v s="$seconds" -v s0="$started" -v n="$instructions" -v n0="$before" \
        'BEGIN { printf "%.9g", (n > n0 && s > s0) ? (s - s0) / (n - n0) : 0 }')
}

faulty() { # PROGRAM
    local program=$1 early=0 n=0 fault i plain limit theirs=''
    : >"$work/slowdowns"
    run_stuckat "$program" ${fault_rounds:+"$fault_rounds"}
    limit=$((3 * instructions))
    while IFS= read -r fault <&3; do
        n=$((n + 1))
        : >"$work/slowdown"
        for ((i = 0; i < repeat; i++)); do
            pace "$program" "$rounds" || die "$program without a fault: exit code $code"
            plain=$pace
            pace "$program" "$fault_rounds" --max-insns "$limit" --fault "$fault" || break
            awk -v f="$pace" -v p="$plain" 'BEGIN { if (p > 0) print f / p }' >>"$work/slowdown"
        done
        if ((code != 0)); then
            early=$((early + 1))
            printf 'compare.sh: %s, fault %d, %s: ends with exit code %d, not counted\n' "$program" "$n" "$fault" "$code" >&2
        elif [[ -s $work/slowdown ]]; then
            printf '%s %s\n' "$(median <"$work/slowdown")" "$fault" >>"$work/slowdowns"
        else
            die "runs of $program are too short to be measured; say more --rounds"
        fi
    done 3<"$work/faults"
    printf '\n%s with a faulty multiplier, %d random faults (seed %d): time for an instruction against plain runs beside, without start-up:\n' \
        "$program" "$n" "$seed"
    if [[ ! -s $work/slowdowns ]]; then
        printf 'none ended as it should.\n'
        return
    fi
    [[ -z $qemu ]] || theirs=$(median <"$work/qemu.$program")
    sort -g "$work/slowdowns" >"$work/sorted"
    printf 'median %.2f, worst %.2f (%s)' "$(median <"$work/sorted")" \
        "$(tail -1 "$work/sorted" | cut -d' ' -f1)" "$(tail -1 "$work/sorted" | cut -d' ' -f2-)"
    awk -v q="$theirs" -v s="$(median <"$work/stuckat.$program")" -v m="$(median <"$work/sorted")" \
        'BEGIN { if (q > 0 && s > 0) printf "; the median is %.3f times the speed of plain QEMU", q / s / m }'
    printf '; %d of %d ended early and are not counted.\n' "$early" "$n"
}

for program in "${programs[@]}"; do
    faulty "$program"
done
