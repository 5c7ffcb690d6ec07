(component
  (core module $m
    (func (export "run") (i32.const))))
