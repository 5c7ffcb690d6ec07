;; Steps with action 0 until its episode is over. The smallest agent that acts.
(module
  (import "dayfly:agent/episode@0.1.0" "step" (func $step (param i32 i64 i32 i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "run")
    (loop $again
      (call $step (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 64))
      ;; result<outcome, refusal> at 64: refused, terminated and truncated are at 0, 48 and 49.
      (br_if $again
        (i32.eqz
          (i32.or
            (i32.load8_u (i32.const 64))
            (i32.load16_u (i32.const 112))))))))
