//! Contract with agents, as Rust types generated from `wit/`.

wasmtime::component::bindgen!({
    path: "wit",
    world: "learner",
});
