# Recipes for those who have `just`; each is one or two plain commands.

# The tests that run everywhere.
test:
    cargo test --release

# The long proofs: every fault of the universe, the full test set, many random netlists and programs (about forty minutes).
proof:
    cargo test --release --test netlist -- --ignored --nocapture
    cargo test --release --test workload -- --ignored --nocapture
    cargo test --release --test random_netlists -- --ignored --nocapture
    cargo test --release --test icarus -- --ignored --nocapture
    cargo test --release --test inference -- --ignored --nocapture
    cargo test --release --test tables -- --ignored --nocapture
    cargo test --release --test collapse -- --ignored --nocapture
    cargo test --release --test campaigns -- --ignored --nocapture --test-threads 1
    cargo test --release --test run_directory -- --ignored --nocapture
    cargo test --release --test report -- --ignored --nocapture
    cargo test --release --test random_programs -- --ignored --nocapture

# Ten minutes of fuzzing for each reader of users' files; needs a nightly toolchain and cargo-fuzz.
fuzz:
    cd fuzz && for target in verilog liberty yosys_json binding; do cargo +nightly fuzz run $target -- -max_total_time=600 -rss_limit_mb=2048 -timeout=10 || exit 1; done

# Criterion benches; figures go into BENCHMARKS.md by hand, with the date.
bench:
    cargo bench

# Our speed beside qemu-riscv32's (package qemu-user), as a Markdown table; with faults: just compare --faults 50 conv
compare *FLAGS:
    benches/compare.sh {{FLAGS}}

# The reference study's set-up in three scopes, and a report that shows them side by side; about one and a half hours on two busy cores. A first look: just study runs/look --images 20 --faults 200
study OUT *FLAGS:
    cargo build --release
    STUCKAT=target/release/stuckat examples/study/run.sh {{OUT}} {{FLAGS}}

# Rebuild firmware and netlist and compare with what is committed.
rebuild:
    make -C firmware check
    make -C netlists check

# The external fault reference again, by Icarus Verilog, compared with the committed one.
fault-reference:
    make -C netlists/tests reference-check

# What a submission must pass.
ci:
    .ci/run
