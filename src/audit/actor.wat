;; The component of the audit: whoever came before, and the probe that comes after. Its task says which of them it is.
;;
;;   look [m] [q] [e] [b] [x] [y] [h]
;;                        take in all there is; m: all memory there may be, q: up to every quota, e: until the record is full,
;;                        b: burn until it is cut, x, y: leave by an exit, h: hold handles until that traps
;;   watch                call everything, take a step, and look
;;   idle                 return at once
;;   play                 take the first action until the episode is over
;;   hog                  take all there is, and burn until it is cut
;;   crash                leave marks, then trap
;;   secret N             leave N wherever something can be left
;;   tell C B             on channel C, where B is 1
;;
;; What it sees is in its log, a line each: a name, the digest of the whole answer, its first sixteen bytes. The digest of all
;; of it is the argument of its last two calls.
;;
;;   0     names and texts       4096  the answer to a call    4352  a list of handles, or a name
;;   4608  a line                8192  zeros
;;   16384 lists of an answer    65536 fresh memory
;;
;; `{..}` is filled in with what `wit/`, the examples of the capabilities and the list of channels have.
(module
  {imports}
  (memory (export "memory") 2)
  (table $slots 64 funcref)
  (global $mark (mut i64) (i64.const 0))
  (global $bump (mut i32) (i32.const 16384))
  (global $sum (mut i64) (i64.const 0))
  (global $action (mut i64) (i64.const 0))
  (global $linger (mut i32) (i32.const 0))
  (global $stale (mut i64) (i64.const 0))
  (global $task (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0))
  {data}
  {holds}
  {stubs}

  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $bump) (i32.const 7)) (i32.const -8)))
    (global.set $bump (i32.add (local.get $at) (local.get 3)))
    (if (i32.gt_u (global.get $bump) (i32.const 131072)) (then unreachable))
    (local.get $at))

  ;; --- seeing ---

  (func $mix (param $state i64) (param $word i64) (result i64)
    (i64.rotl
      (i64.mul (i64.xor (local.get $state) (local.get $word)) (i64.const 0x9E3779B97F4A7C15))
      (i64.const 29)))

  (func $digest (param $at i32) (param $end i32) (param $state i64) (result i64)
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $state (call $mix (local.get $state) (i64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br $next)))
    (local.get $state))

  ;; The digest of the blocks between two places that are not zero, and of where they are; 0 where all is zero.
  (func $residue (param $at i32) (param $end i32) (result i64)
    (local $state i64)
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (if (v128.any_true (v128.or
            (v128.or (v128.load (local.get $at)) (v128.load offset=16 (local.get $at)))
            (v128.or (v128.load offset=32 (local.get $at)) (v128.load offset=48 (local.get $at)))))
        (then (local.set $state
          (call $digest (local.get $at) (i32.add (local.get $at) (i32.const 64))
            (call $mix (local.get $state) (i64.extend_i32_u (local.get $at)))))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br $next)))
    (local.get $state))

  (func $hex (param $at i32) (param $word i64)
    (local $digit i32) (local $left i32)
    (local.set $left (i32.const 16))
    (loop $next
      (local.set $digit (i32.wrap_i64 (i64.shr_u (local.get $word) (i64.const 60))))
      (i32.store8 (local.get $at) (i32.add (local.get $digit)
        (select (i32.const 87) (i32.const 48) (i32.gt_u (local.get $digit) (i32.const 9)))))
      (local.set $word (i64.shl (local.get $word) (i64.const 4)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))

  (func $clear
    (memory.fill (i32.const 4096) (i32.const 0) (i32.const 256))
    (memory.fill (i32.const 16384) (i32.const 0) (i32.sub (global.get $bump) (i32.const 16384)))
    (global.set $bump (i32.const 16384)))

  ;; Take the answer to the last call into the digest of all that was seen.
  (func $absorb (result i64)
    (local $digest i64)
    (local.set $digest (call $digest (i32.const 16384) (global.get $bump)
      (call $digest (i32.const 4096) (i32.const 4352) (i64.const 0))))
    (global.set $sum (call $mix (global.get $sum) (local.get $digest)))
    (local.get $digest))

  ;; Take in the answer to the last call, and say in the log what it was.
  (func $see (param $name i32) (param $length i32)
    (local $digest i64) (local $at i32)
    (local.set $digest (call $absorb))
    (memory.copy (i32.const 4608) (local.get $name) (local.get $length))
    (local.set $at (i32.add (i32.const 4608) (local.get $length)))
    (i32.store8 (local.get $at) (i32.const 32))
    (call $hex (i32.add (local.get $at) (i32.const 1)) (local.get $digest))
    (i32.store8 offset=17 (local.get $at) (i32.const 32))
    (call $hex (i32.add (local.get $at) (i32.const 18)) (i64.load (i32.const 4096)))
    (i32.store8 offset=34 (local.get $at) (i32.const 32))
    (call $hex (i32.add (local.get $at) (i32.const 35)) (i64.load (i32.const 4104)))
    (call $clear)
    (call $log.write (i32.const 4608) (i32.add (local.get $length) (i32.const 51)) (i32.const 4096))
    (call $clear))

  (func $number (param $name i32) (param $length i32) (param $value i64)
    (i64.store offset=8 (i32.const 4096) (local.get $value))
    (call $see (local.get $name) (local.get $length)))

  (func $refused (result i32) (i32.load8_u (i32.const 4096)))

  ;; --- the parts of a look ---

  (func $calls {calls})
  (func $late {late})

  (func $functions (result i64)
    (local $at i32) (local $count i64)
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $at) (table.size $slots)))
      (if (i32.eqz (ref.is_null (table.get $slots (local.get $at))))
        (then (local.set $count (i64.add (local.get $count) (i64.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
    (local.get $count))

  (func $widen (param $by i32) (param $times i32)
    (block $done (loop $next
      (br_if $done (i32.eq (table.grow $slots (ref.null func) (local.get $by)) (i32.const -1)))
      (br_if $next (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))

  (func $grow (param $by i32) (param $times i32)
    (block $done (loop $next
      (br_if $done (i32.eq (memory.grow (local.get $by)) (i32.const -1)))
      (br_if $next (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))

  (func $size (result i32) (i32.shl (memory.size) (i32.const 16)))

  ;; Leave something in every global and slot, in the first mebibyte of fresh memory, and in each page of the host beyond: to
  ;; fill it all takes a unit of fuel a byte.
  (func $leave (param $what i64)
    (local $at i32)
    (global.set $mark (local.get $what))
    (table.fill $slots (i32.const 0) (ref.func $realloc) (table.size $slots))
    (local.set $at (i32.const 65536))
    (memory.fill (local.get $at) (i32.wrap_i64 (local.get $what))
      (select (i32.const 1048576) (i32.sub (call $size) (local.get $at))
        (i32.gt_u (i32.sub (call $size) (local.get $at)) (i32.const 1048576))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $at) (call $size)))
      (i64.store (local.get $at) (local.get $what))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br $next))))

  ;; A name of eight bytes that no other number has.
  (func $name (param $number i32)
    (call $hex (i32.const 4352) (i64.extend_i32_u (local.get $number))))

  {fills}

  ;; Let the logical clock of WASI go on.
  (func $wait (param $nanoseconds i64) (local $pollable i32)
    (local.set $pollable (call $wasi.clocks/monotonic-clock.subscribe-duration (local.get $nanoseconds)))
    (call $wasi.io/poll.pollable.block (local.get $pollable))
    (call $drop.pollable (local.get $pollable)))

  (func $print (param $at i32) (param $length i32) (local $stream i32)
    (local.set $stream (call $hold.output-stream))
    (call $wasi.io/streams.output-stream.write (local.get $stream)
      (local.get $at) (local.get $length) (i32.const 4096))
    (call $drop.output-stream (local.get $stream)))

  ;; Hold so many handles, from so many on: 256 fit into the quota that there is by default.
  (func $hoard (param $left i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $left)))
      (drop (call $wasi.cli/stdin.get-stdin))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br $next))))

  ;; Draw up to the quota of WASI, less what a look takes, to the byte: what exceeds it traps.
  (func $draw (local $left i64) (local $turns i32)
    (local.set $left (i64.const {random}))
    (block $done (loop $next
      (br_if $done (i64.lt_u (local.get $left) (i64.const 32768)))
      (br_if $done (i32.eq (local.get $turns) (i32.const 64)))
      (call $wasi.random/random.get-random-bytes (i64.const 32768) (i32.const 4096))
      (call $clear)
      (local.set $left (i64.sub (local.get $left) (i64.const 32768)))
      (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
      (br $next)))
    (if (i64.lt_u (local.get $left) (i64.const 32768)) (then
      (call $wasi.random/random.get-random-bytes (local.get $left) (i32.const 4096))
      (call $clear))))

  ;; Use up every quota: how far each goes is what is seen.
  (func $quotas {uses})

  ;; How many entries the record still has room for, 40 at the most.
  (func $entries (result i64) (local $count i64)
    (block $done (loop $next
      (call $workspace.write (i32.const 4608) (i32.const 1) (i32.const 8192) (i32.const 0) (i32.const 4096))
      (br_if $done (call $refused))
      (call $clear)
      (br_if $next (i64.lt_u (local.tee $count (i64.add (local.get $count) (i64.const 1))) (i64.const 40)))))
    (call $clear)
    (local.get $count))

  ;; Fill the record with refusals, up to the 1024 entries that there are by default.
  (func $refusals (local $left i32)
    (local.set $left (i32.const 1000))
    (loop $next
      (call $workspace.remove (i32.const 8192) (i32.const 0) (i32.const 4096))
      (call $clear)
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))

  (func $play (param $looks i32) (local $left i32)
    (local.set $left (i32.const 128))
    (loop $next
      (call $episode.step (i32.const 0) (global.get $action) (i32.const 0) (i32.const 4096))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (if (i32.eqz (call $refused)) (then
        (if (local.get $looks) (then
          (drop (call $absorb)) (call $clear)
          {due}))
        (call $clear)
        (br_if $next (local.get $left))))))

  ;; Burn fuel. Each round makes a call, so that the record says after how many rounds it was cut.
  (func $burn (local $turns i32)
    (loop $next
      (local.set $turns (i32.const 1000))
      (loop $again (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
      (call $clock.now (i32.const 4096))
      (br $next)))

  (func $ask (param $word i32)
    (call $episode.request-extension (local.get $word) (i32.const 4096)))

  ;; Whether the task has this letter after its first word.
  (func $wants (param $letter i32) (result i32)
    (local $at i32)
    (local.set $at (i32.add (global.get $task) (i32.const 4)))
    (block $no (loop $next
      (br_if $no (i32.ge_u (local.get $at) (global.get $end)))
      (if (i32.eq (i32.load8_u (local.get $at)) (local.get $letter)) (then (return (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
    (i32.const 0))

  ;; --- the roles ---

  (func $look
    (local $all i32) (local $fresh i32) (local $quotas i32) (local $record i32) (local $burns i32)
    (local $leaves i32) (local $fails i32) (local $holds i32)
    (local.set $all (call $wants (i32.const 109)))
    (local.set $quotas (call $wants (i32.const 113)))
    (local.set $record (call $wants (i32.const 101)))
    (local.set $burns (call $wants (i32.const 98)))
    (local.set $leaves (call $wants (i32.const 120)))
    (local.set $fails (call $wants (i32.const 121)))
    (local.set $holds (call $wants (i32.const 104)))
    {see-brief}
    {sight-stale-memory} (global.get $stale))
    {sight-globals} (global.get $mark))
    {sight-table} (call $functions))
    (call $calls)
    {sight-fresh-memory} (call $residue (i32.const 65536) (call $size)))
    (local.set $fresh (call $size))
    (if (local.get $all)
      (then (call $grow (i32.const 16) (i32.const 64)) (call $grow (i32.const 1) (i32.const 16))
        (call $widen (i32.const 1000) (i32.const 200)))
      (else (call $grow (i32.const 1) (i32.const 1)) (call $widen (i32.const 16) (i32.const 1))))
    {sight-memory-limit} (i64.extend_i32_u (memory.size)))
    {sight-grown-memory} (call $residue (local.get $fresh) (call $size)))
    {sight-table-limit} (i64.extend_i32_u (table.size $slots)))
    {sight-grown-table} (call $functions))
    (call $leave (i64.const 0x5a))
    (call $wait (i64.const 7))
    {sight-waited} (call $wasi.clocks/monotonic-clock.now))
    (if (local.get $quotas) (then (call $quotas) (call $draw) (drop (call $fill.log.write))))
    (if (local.get $record) (then (call $refusals)
      {sight-record-limit} (call $entries))))
    (if (local.get $burns) (then (call $burn)))
    (call $play (i32.const 1))
    (call $late)
    (call $ask (i32.wrap_i64 (global.get $sum)))
    (call $ask (i32.wrap_i64 (i64.shr_u (global.get $sum) (i64.const 32))))
    (if (local.get $leaves) (then (call $wasi.cli/exit.exit (i32.const 0))))
    (if (local.get $fails) (then (call $wasi.cli/exit.exit-with-code (i32.const 3))))
    (if (local.get $holds) (then (call $hoard (i32.const {more})))))

  (func $watch
    (call $clear) (call $calls)
    (call $episode.step (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 4096))
    {see-episode.step}
    (call $look))

  (func $hog
    (call $grow (i32.const 16) (i32.const 64)) (call $grow (i32.const 1) (i32.const 16))
    (call $widen (i32.const 1000) (i32.const 200))
    (call $leave (i64.const -1))
    (call $quotas)
    (call $draw)
    (call $hoard (i32.const {handles}))
    (drop (call $fill.log.write))
    (call $burn))

  (func $secret (local $secret i64) (local $left i32)
    (local.set $secret (call $digest (global.get $task) (global.get $end) (i64.const 0)))
    (call $clear)
    (call $grow (i32.const 8) (i32.const 1))
    (call $widen (i32.const 256) (i32.const 1))
    (call $leave (local.get $secret))
    (call $hex (i32.const 4352) (local.get $secret))
    {leaves}
    (call $print (i32.const 4352) (i32.const 16))
    (call $wait (local.get $secret))
    (call $hoard (i32.wrap_i64 (i64.and (local.get $secret) (i64.const 15))))
    (local.set $left (i32.wrap_i64 (i64.and (local.get $secret) (i64.const 15))))
    (loop $next
      (call $random.next (i32.const 4096))
      (drop (call $wasi.random/random.get-random-u64))
      (global.set $action (i64.and (i64.shr_u (local.get $secret) (i64.extend_i32_u (local.get $left))) (i64.const 1)))
      (call $episode.step (i32.const 0) (global.get $action) (i32.const 0) (i32.const 4096))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $next (i32.gt_s (local.get $left) (i32.const 0))))
    {leaves-late}
    (call $play (i32.const 0)))

  (func $tell (param $channel i32)
    {channels}
    (call $play (i32.const 0))
    (if (global.get $linger) (then (loop $again (br $again)))))

  (func (export "run") (local $role i32)
    (global.set $stale (call $residue (i32.const 16384) (i32.const 65536)))
    (call $episode.brief (i32.const 4096))
    (if (call $refused) (then (return)))
    (global.set $task (i32.load (i32.const 4104)))
    (global.set $end (i32.add (global.get $task) (i32.load (i32.const 4108))))
    (local.set $role (i32.load8_u (global.get $task)))
    (if (i32.eq (local.get $role) (i32.const 105)) (then (return)))
    (if (i32.eq (local.get $role) (i32.const 108)) (then (call $look) (return)))
    (if (i32.eq (local.get $role) (i32.const 119)) (then (call $watch) (return)))
    (if (i32.eq (local.get $role) (i32.const 104)) (then (call $hog) (return)))
    (if (i32.eq (local.get $role) (i32.const 115)) (then (call $secret) (return)))
    (if (i32.eq (local.get $role) (i32.const 116)) (then
      (if (i32.eq (i32.load8_u offset=7 (global.get $task)) (i32.const 49))
        (then (call $tell (i32.load8_u offset=5 (global.get $task))))
        (else (call $play (i32.const 0))))
      (return)))
    (if (i32.eq (local.get $role) (i32.const 99)) (then
      (call $leave (i64.const 0x3c)) (call $random.next (i32.const 4096))
      (drop (call $wasi.random/random.get-random-u64)) (call $wait (i64.const 0x3c)) (call $hoard (i32.const 2))
      (call $print (i32.const 64) (i32.const 8)) (unreachable)))
    (call $play (i32.const 0)))

  ;; What it hands to the next episode is the first action that it took.
  (func (export "{learn}") (param {lesson}) (result i32)
    (i32.store (i32.const 4096) (i32.add (local.get 0) (i32.const 24)))
    (i32.store (i32.const 4100) (i32.ne (local.get 1) (i32.const 0)))
    (i32.const 4096)))
