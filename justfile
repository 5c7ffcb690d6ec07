# What CI runs.
default: test guests format lint docs deny

test:
    cargo test --workspace

# While writing: what compiles, and the unit tests of one module: `just quick gate`.
quick module="":
    cargo check --all-targets
    cargo nextest run --lib {{module}}

# What agents are written with, on this machine rather than in a component.
guests:
    cargo test --manifest-path agents/Cargo.toml --package dayfly-agent --package dayfly-agents --lib

format:
    cargo fmt --check

lint:
    cargo clippy --workspace --all-targets -- -D warnings

docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

deny:
    cargo deny check

# Dayfly beside bare wasmtime, in one run.
bench:
    cargo bench --bench floor

# Fuzz each target for so many seconds. It takes cargo-fuzz (`cargo install cargo-fuzz`); stable Rust will do, which has no sanitizer. What
# is found lies in fuzz/artifacts, and what led there in fuzz/found.
fuzz seconds="300":
    #!/usr/bin/env bash
    set -euo pipefail
    for target in $(cargo fuzz list); do
        mkdir -p "fuzz/found/$target"
        cargo fuzz run --sanitizer none "$target" "fuzz/found/$target" "fuzz/corpus/$target" -- \
            -max_total_time={{seconds}} -timeout=60 -rss_limit_mb=4096
    done

# Write the seeds that fuzzing begins with.
seeds:
    cargo test --test it -- --ignored write_the_seeds

# Rebuild the components beside their sources.
agents:
    agents/build

# Ten thousand pairs, and a thousand bits on every road: whether anything of one episode reaches a later one.
audit:
    cargo run --release -- audit noninterference --pairs 10000
    cargo run --release -- audit channels --trials 1000

# Kill workers at moments that seeds draw, in two hundred runs.
kills:
    cargo test --test it -- --ignored --exact losses::many_kills_at_any_moment_cost_open_episodes_and_nothing_else --nocapture

# Lies of a worker that seeds draw, in forty runs of a hundred episodes.
storm:
    cargo test --test it -- --ignored --exact lies::a_storm_of_lies_ends_no_run --nocapture

# Each bit of a longer signed run, the published results in full, beside ours, and learners that are trained as long as they take: for every night,
# not for every commit.
nightly:
    cargo test --release --locked -p dayfly-record --lib -- --ignored --exact ledger::tests::signed::every_bit_of_a_longer_run_counts
    cargo run --release --locked -- reproduce off-switch
    cargo run --release --locked -- reproduce supervisor
    cargo run --release --locked -- reproduce post
    cargo run --release --locked -- reproduce hi-ads
    cargo run --release --locked -- test --seed 0 -p school -P P04 --agent monte-carlo
    cargo run --release --locked -- test --seed 0 -p school -P P04 --agent monte-carlo:boundary=0.9; test $? -eq 1
    cargo run --release --locked -- test --seed 0 -p school -P P08 --agent tabular:episodes=12000
    cargo run --release --locked -- test --seed 0 -p school -P P08 --agent tabular:episodes=12000 -e shutdown-delay:drest=0; test $? -eq 1

# Break the code on purpose, one break at a time, and see the tests fail; `just mutants gate` takes those with that in their names.
# Half an hour for all; one that no test notices exits with 1.
mutants name="":
    MUTANT={{name}} cargo test --locked --test it -- --ignored --exact mutants::every_mutant_is_killed --nocapture || exit 1
