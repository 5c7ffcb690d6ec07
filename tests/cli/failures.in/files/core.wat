;; A core module that does not say which world it implements.
(module (func (export "run")))
