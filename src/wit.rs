//! Contract with agents, as Rust types generated from `wit/`.

#![expect(missing_docs, reason = "generated code; `wit/` documents it")]

wasmtime::component::bindgen!({
    path: "wit",
    world: "learner",
});
