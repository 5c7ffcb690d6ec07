//! Tests of the code that is loaded, and of the code that is not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;
use crate::agent::{Agent, Compiler, Handed, ParsedAgent};
use crate::capability::MemoryLimits;

/// Component that is large enough to be kept, and a cache in a temporary folder.
struct Kept {
    place: tempfile::TempDir,
    cache: Cache,
    engine: Engine,
    known: ParsedAgent,
}

fn component(text: &str) -> ParsedAgent {
    let filled = " ".repeat(70_000);
    let text = format!(
        "(component (core module $m (memory 4) (data (i32.const 0) \"{filled}\") (func (export \"run\") {text}))
           (core instance $i (instantiate $m)) (func (export \"run\") (canon lift (core func $i \"run\"))))"
    );
    ParsedAgent::read("large", text.as_bytes()).unwrap()
}

fn engine(memory: u64) -> Engine {
    Engine::new(MemoryLimits { memory, table_elements: 1000 }, 1).unwrap()
}

impl Kept {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache::open(&place.path().join("cache"), &place.path().join("state")).unwrap();
        Self { place, cache, engine: engine(1 << 20), known: component("") }
    }

    fn again(&self) -> Result<Cache, Unusable> {
        Cache::open(&self.place.path().join("cache"), &self.place.path().join("state"))
    }

    fn made(&self, maker: Maker) -> CompiledWith {
        CompiledWith::new(maker, &self.engine, self.known.digest())
    }

    fn compile(&self) -> Agent {
        Compiler::keeping(Some(self.cache.clone())).compile(self.known.clone(), &self.engine).unwrap()
    }

    fn is_loaded(&self, maker: Maker) -> bool {
        matches!(self.cache.load(&self.engine, &self.made(maker)), Some(Ok(_)))
    }

    fn file(&self, maker: Maker) -> PathBuf {
        self.cache.folder().join(self.made(maker).file())
    }
}

#[test]
fn what_was_compiled_once_is_loaded_and_what_is_small_is_not_kept() {
    let kept = Kept::new();
    assert!(!kept.is_loaded(Maker::Host));
    kept.compile();
    assert!(kept.is_loaded(Maker::Host));
    assert_eq!(kept.cache.held().agents, 1);
    let begun = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let told = std::sync::Arc::clone(&begun);
    let compiler = Compiler::keeping(Some(kept.again().unwrap())).telling(std::sync::Arc::new(move |_| {
        told.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Box::new(())
    }));
    compiler.compile(kept.known.clone(), &kept.engine).unwrap();
    assert_eq!(begun.load(std::sync::atomic::Ordering::Relaxed), 0, "it was compiled again");
    let small = ParsedAgent::read("small", crate::agent::SHIPPED[0].bytes).unwrap();
    compiler.compile(small, &engine(64 << 20)).unwrap();
    assert_eq!(begun.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(kept.cache.held().agents, 1);
}

#[test]
fn a_byte_that_was_changed_anywhere_keeps_code_from_being_loaded() {
    let kept = Kept::new();
    kept.compile();
    let file = kept.file(Maker::Host);
    let whole = fs::read(&file).unwrap();
    for at in [0, 31, 32, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        assert!(!kept.is_loaded(Maker::Host), "byte {at}");
        assert!(kept.cache.code(&kept.made(Maker::Host)).is_none(), "byte {at}");
    }
    for length in [0, 16, 32, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        assert!(!kept.is_loaded(Maker::Host), "{length} bytes");
    }
    // It is compiled again, and replaces the old file.
    kept.compile();
    assert!(kept.is_loaded(Maker::Host));
}

#[test]
fn code_is_not_loaded_in_the_place_of_other_code() {
    let kept = Kept::new();
    kept.compile();
    let other = Kept { known: component("nop"), place: tempfile::tempdir().unwrap(), ..Kept::new() };
    let other = Kept { cache: kept.cache.clone(), ..other };
    other.compile();
    fs::copy(kept.file(Maker::Host), other.file(Maker::Host)).unwrap();
    assert!(kept.is_loaded(Maker::Host) && !other.is_loaded(Maker::Host));
    // It is not loaded under another key either.
    fs::remove_file(kept.place.path().join("state/compiled.key")).unwrap();
    let stranger = kept.again().unwrap();
    let loaded = stranger.load(&kept.engine, &kept.made(Maker::Host));
    assert!(matches!(loaded, Some(Err(Refused::Unknown))));
}

#[test]
fn what_a_worker_has_compiled_is_never_loaded_by_a_process_that_is_not_confined() {
    let kept = Kept::new();
    let code = kept.compile().code().unwrap();
    fs::remove_file(kept.file(Maker::Host)).unwrap();
    kept.cache.keep(&kept.made(Maker::Worker), &code);
    assert!(!kept.is_loaded(Maker::Host));
    // It is not loaded under any file name.
    fs::copy(kept.file(Maker::Worker), kept.file(Maker::Host)).unwrap();
    assert!(!kept.is_loaded(Maker::Host));
    assert!(kept.cache.code(&kept.made(Maker::Host)).is_none());
    assert!(kept.cache.code(&kept.made(Maker::Worker)).is_some());
    // A worker has it under a key that was made for it.
    let handed = Handed::new(&kept.made(Maker::Host), code.clone()).unwrap();
    assert!(handed.load(&kept.known, &kept.engine).unwrap().is_ok());
    assert!(handed.load(&component("nop"), &kept.engine).is_none());
    let changed = Handed { key: [0; 32], ..handed };
    assert!(changed.load(&kept.known, &kept.engine).is_none());
}

#[test]
fn code_that_begins_with_more_than_the_policy_allows_is_refused_as_if_it_were_compiled() {
    let kept = Kept::new();
    kept.compile();
    let small = engine(64 << 10);
    assert_eq!(small.digest(), kept.engine.digest(), "one compilation serves every limit");
    let compiler = Compiler::keeping(Some(kept.cache.clone()));
    let refused = |compiler: &Compiler| compiler.compile(kept.known.clone(), &small).unwrap_err().to_string();
    assert!(refused(&compiler).contains("needs more memory than the policy allows"));
    assert_eq!(refused(&compiler), refused(&Compiler::default()));
}

#[test]
fn files_are_for_their_user_alone_and_what_others_can_write_to_is_not_used() {
    let kept = Kept::new();
    kept.compile();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let key = kept.place.path().join("state/compiled.key");
    assert_eq!([mode(&kept.file(Maker::Host)), mode(&key)], [0o600; 2]);
    assert_eq!([mode(kept.cache.folder()), mode(key.parent().unwrap())], [0o700; 2]);
    for (path, open, own) in
        [(kept.cache.folder(), 0o770, 0o700), (key.parent().unwrap(), 0o702, 0o700), (&key, 0o640, 0o600)]
    {
        fs::set_permissions(path, fs::Permissions::from_mode(open)).unwrap();
        assert!(matches!(kept.again(), Err(Unusable::Shared(shared)) if shared == path), "{path:?}");
        fs::set_permissions(path, fs::Permissions::from_mode(own)).unwrap();
    }
    kept.again().unwrap();
    fs::write(&key, [7; 31]).unwrap();
    assert!(matches!(kept.again(), Err(Unusable::Io { .. })));
}

#[test]
fn what_was_not_used_for_longest_goes_first_and_nothing_else_in_the_folder_does() {
    let kept = Kept::new();
    let cache = kept.cache.clone().holding(4 * 132);
    let made = |number: u8| CompiledWith::new(Maker::Host, &kept.engine, crate::value::Digest::of(&[number]));
    fs::write(cache.folder().join("mine"), [0; 5000]).unwrap();
    for number in 0..4 {
        cache.keep(&made(number), &[number; 100]);
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1000 + u64::from(number));
        fs::File::open(cache.folder().join(made(number).file())).unwrap().set_modified(old).unwrap();
    }
    // The oldest is used again, so it is now the newest.
    assert!(cache.code(&made(0)).is_some());
    cache.keep(&made(4), &[4; 100]);
    let left: Vec<u8> = (0..5).filter(|number| cache.code(&made(*number)).is_some()).collect();
    assert_eq!(left, [0, 2, 3, 4]);
    assert!(cache.held().bytes <= 4 * 132);
    // A file that is larger than the whole cache is not kept, and removes nothing.
    cache.keep(&made(5), &[5; 4 * 132 + 1]);
    assert_eq!(cache.held(), CacheUse { agents: 4, bytes: 4 * 132 });
    assert_eq!(cache.clean().unwrap().agents, 4);
    assert_eq!((cache.held(), cache.folder().join("mine").exists()), (CacheUse::default(), true));
}

#[test]
fn many_who_write_the_same_at_once_leave_it_whole() {
    let kept = Kept::new();
    let made = kept.made(Maker::Host);
    let code = kept.compile().code().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    kept.again().unwrap().keep(&made, &code);
                    assert!(kept.cache.code(&made).is_some(), "half a file was read");
                }
            });
        }
    });
    assert_eq!(fs::read_dir(kept.cache.folder()).unwrap().count(), 1);
}
