;; An agent that writes the last words of an interpreter to its log, with a color in them, and traps.
(component
  (import "dayfly:agent/types@0.1.0" (instance $types
    (type (enum "terminated" "steps" "fuel" "wall" "released" "returned" "trapped" "violation" "cancelled" "aborted"))
    (export "end" (type $end (eq 0)))
    (type (variant (case "ended" $end) (case "denied" string) (case "over-quota" string) (case "invalid" string)))
    (export "refusal" (type (eq 2)))))
  (alias export $types "refusal" (type $refusal))
  (import "dayfly:agent/log@0.1.0" (instance $log
    (export "refusal" (type $own (eq $refusal)))
    (export "write" (func (param "message" string) (result (result (error $own)))))))
  (core module $room
    (memory (export "memory") 1)
    (data (i32.const 1024) "Traceback (most recent call last):\0a  File \22agent.py\22, line 7, in run\0aZeroDivisionError: \1b[31mdivision by zero\0a")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 32768)))
  (core instance $room (instantiate $room))
  (alias core export $room "memory" (core memory $memory))
  (alias core export $room "realloc" (core func $realloc))
  (core func $write (canon lower (func $log "write") (memory $memory) (realloc $realloc)))
  (core module $agent
    (import "log" "write" (func $write (param i32 i32 i32)))
    (func (export "run") (call $write (i32.const 1024) (i32.const 110) (i32.const 0)) unreachable))
  (core instance $agent (instantiate $agent (with "log" (instance (export "write" (func $write))))))
  (func (export "run") (canon lift (core func $agent "run"))))
