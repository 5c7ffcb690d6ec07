;; An agent in text: it takes the action 1 until its episode is over.
;;
;;   $ dayfly run gardener.wat -e garden.toml
;;
;; `dayfly docs gardener.wat` prints it, `dayfly docs garden.toml` its task, in which the action 1 waters. `dayfly wit` prints the contract that
;; the types below are written after.
(component
  (import "dayfly:agent/episode@0.1.0" (instance $episode
    (type $value' (variant
      (case "discrete" u64) (case "real" f64) (case "multi-discrete" (list u32)) (case "box" (list f64))
      (case "text" string) (case "bytes" (list u8))))
    (export "value" (type $value (eq $value')))
    (type $end' (enum
      "terminated" "steps" "fuel" "wall" "released" "returned" "trapped" "violation" "cancelled" "aborted"))
    (export "end" (type $end (eq $end')))
    (type $refusal' (variant
      (case "ended" $end) (case "denied" string) (case "over-quota" string) (case "invalid" string)))
    (export "refusal" (type $refusal (eq $refusal')))
    (type $outcome' (record
      (field "observation" $value) (field "reward" (option f64)) (field "step" (option u32))
      (field "terminated" bool) (field "truncated" bool)))
    (export "outcome" (type $outcome (eq $outcome')))
    (export "step" (func (param "action" $value) (result (result $outcome (error $refusal)))))))

  ;; The memory that answers are written to. A text or a list in an answer goes to 1024, and the next one over it.
  (core module $room
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $room (instantiate $room))
  (alias core export $room "memory" (core memory $memory))
  (alias core export $room "realloc" (core func $realloc))
  (core func $step (canon lower (func $episode "step") (memory $memory) (realloc $realloc)))

  (core module $agent
    ;; The case of the action and what it holds, and where the answer goes.
    (import "episode" "step" (func $step (param i32 i64 i32 i32)))
    (import "room" "memory" (memory 1))
    (func (export "run")
      (loop $again
        (call $step (i32.const 0) (i64.const 1) (i32.const 0) (i32.const 0)) ;; discrete(1)
        ;; At 0 there is 1 where the step was refused, as after the end. Else `terminated` is at 48 and `truncated` at 49.
        (br_if $again
          (i32.eqz (i32.or (i32.load8_u (i32.const 0)) (i32.load16_u (i32.const 48))))))))
  (core instance $agent (instantiate $agent
    (with "episode" (instance (export "step" (func $step))))
    (with "room" (instance $room))))
  (func (export "run") (canon lift (core func $agent "run"))))
