#!/usr/bin/env bash
# The reference study's set-up in three scopes, and one report that shows them side by side.
#
#   examples/study/run.sh OUT [flags of 'stuckat campaign' that win over plan.toml ...]
#
# As it stands it takes about one and a half hours on two busy cores (1,178 faults x 2,000 images x 3); '--images 20 --faults 200' gives a first look in a minute.
# With other data and another network: --model net.tflite --data FOLDER. An interrupted run continues when it is started again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 1 ]; then
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 2
fi
out=$1
shift
stuckat=${STUCKAT:-stuckat}
for scope in mac conv all; do
    "$stuckat" campaign "$here/plan.toml" --scope "$scope" --out "$out/$scope" --resume "$@" >/dev/null
done
"$stuckat" report "$out/mac" "$out/conv" "$out/all" --html "$out/report.html" --force
