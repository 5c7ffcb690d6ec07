# What CI runs.
default: test format lint docs deny

test:
    cargo test

format:
    cargo fmt --check

lint:
    cargo clippy --all-targets -- -D warnings

docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

deny:
    cargo deny check

# Dayfly beside bare wasmtime, in one run.
bench:
    cargo bench --bench floor

# Rebuild the components beside their sources.
agents:
    agents/build
