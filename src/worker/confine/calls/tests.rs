//! Tests of the answers of the filters, call by call. The filters run here as in the kernel.

use super::*;
use crate::policy::Policy;

/// Answer to a call, under all filters in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Killed,
    Refused(u32),
    Left,
}

const EPERM: Answer = Answer::Refused(1);
const ENOSYS: Answer = Answer::Refused(38);
const X32: i64 = 0x4000_0000;

/// Call, as a filter sees it.
#[derive(Clone, Copy)]
struct Seen {
    number: i64,
    architecture: u32,
    arguments: [u64; 6],
}

/// Returns the answer of one filter: classic BPF, as far as it is used.
fn run(program: &[seccompiler::sock_filter], seen: Seen) -> Answer {
    let word = |at: u32| match at {
        0 => u32::try_from(seen.number).unwrap(),
        4 => seen.architecture,
        _ => {
            let argument = seen.arguments[usize::try_from((at - 16) / 8).unwrap()].to_le_bytes();
            let half = if at.is_multiple_of(8) { &argument[..4] } else { &argument[4..] };
            u32::from_le_bytes(half.try_into().unwrap())
        }
    };
    let (mut at, mut held) = (0, 0_u32);
    loop {
        let line = &program[at];
        at += 1;
        let jump = |holds: bool| usize::from(if holds { line.jt } else { line.jf });
        match line.code {
            0x20 => held = word(line.k),
            0x54 => held &= line.k,
            0x05 => at += usize::try_from(line.k).unwrap(),
            0x15 => at += jump(held == line.k),
            0x25 => at += jump(held > line.k),
            0x35 => at += jump(held >= line.k),
            0x06 => {
                return match line.k & 0xFFFF_0000 {
                    0x7FFF_0000 => Answer::Left,
                    0x0005_0000 => Answer::Refused(line.k & 0xFFFF),
                    0x8000_0000 => Answer::Killed,
                    other => panic!("{other:#x}"),
                };
            }
            other => panic!("{other:#x}"),
        }
    }
}

/// Returns the filters in force while the agent is compiled, and while episodes are run without and with files.
fn phases() -> [(&'static str, Vec<BpfProgram>); 3] {
    let needs = |name: &str| Needs::of(&Policy::shipped(name).unwrap(), &[]);
    let compiling = vec![without_clone3().unwrap(), only(&compiling()).unwrap()];
    let and = |name: &str| {
        let mut filters = compiling.clone();
        filters.push(only(&living(&needs(name))).unwrap());
        filters
    };
    [("compiling", compiling.clone()), ("lab", and("lab")), ("boxed", and("boxed"))]
}

fn architecture() -> u32 {
    match std::env::consts::ARCH {
        "x86_64" => 0xC000_003E,
        "aarch64" => 0xC000_00B7,
        _ => 0xC000_00F3,
    }
}

/// Returns the strictest answer of all filters.
fn answer(filters: &[BpfProgram], number: i64, arguments: &[u64]) -> Answer {
    let mut all = [0; 6];
    all[..arguments.len()].copy_from_slice(arguments);
    let seen = Seen { number, architecture: architecture(), arguments: all };
    filters.iter().map(|filter| run(filter, seen)).min().unwrap()
}

/// Calls that no phase allows, whatever their arguments. Each is a way out, or does harm from inside.
const NEVER: &[(&str, &[i64])] = &[
    (
        "sockets",
        &[
            libc::SYS_socket,
            libc::SYS_socketpair,
            libc::SYS_connect,
            libc::SYS_bind,
            libc::SYS_listen,
            libc::SYS_accept4,
            libc::SYS_sendto,
            libc::SYS_sendmsg,
            libc::SYS_sendmmsg,
            libc::SYS_recvfrom,
            libc::SYS_recvmsg,
        ],
    ),
    ("programs", &[libc::SYS_execve, libc::SYS_execveat]),
    (
        "processes",
        &[
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_wait4,
            libc::SYS_waitid,
            libc::SYS_pidfd_open,
            libc::SYS_pidfd_send_signal,
            libc::SYS_pidfd_getfd,
            libc::SYS_kcmp,
        ],
    ),
    ("signals to others", &[libc::SYS_kill, libc::SYS_tkill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo]),
    (
        "other processes' memory",
        &[
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_process_madvise,
            libc::SYS_move_pages,
            libc::SYS_migrate_pages,
        ],
    ),
    (
        "rings",
        &[
            libc::SYS_io_uring_setup,
            libc::SYS_io_uring_enter,
            libc::SYS_io_uring_register,
            libc::SYS_io_setup,
            libc::SYS_io_submit,
        ],
    ),
    (
        "programs in the kernel",
        &[
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_init_module,
            libc::SYS_finit_module,
            libc::SYS_kexec_load,
        ],
    ),
    ("keys", &[libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_request_key]),
    (
        "rights",
        &[
            libc::SYS_setuid,
            libc::SYS_setgid,
            libc::SYS_setresuid,
            libc::SYS_setgroups,
            libc::SYS_capset,
            libc::SYS_personality,
            libc::SYS_setsid,
            libc::SYS_setpgid,
            libc::SYS_setpriority,
            libc::SYS_sched_setscheduler,
            libc::SYS_sched_setaffinity,
        ],
    ),
    (
        "file systems",
        &[
            libc::SYS_mount,
            libc::SYS_umount2,
            libc::SYS_chroot,
            libc::SYS_pivot_root,
            libc::SYS_open_tree,
            libc::SYS_move_mount,
            libc::SYS_fsopen,
            libc::SYS_mount_setattr,
            libc::SYS_open_by_handle_at,
            libc::SYS_name_to_handle_at,
            libc::SYS_chdir,
            libc::SYS_fchdir,
        ],
    ),
    (
        "links, owners and modes of files",
        &[
            libc::SYS_symlinkat,
            libc::SYS_linkat,
            libc::SYS_renameat2,
            libc::SYS_mknodat,
            libc::SYS_fchmodat,
            libc::SYS_fchmod,
            libc::SYS_fchownat,
            libc::SYS_fchown,
            libc::SYS_setxattr,
            libc::SYS_utimensat,
            libc::SYS_fallocate,
        ],
    ),
    ("pages that run", &[libc::SYS_pkey_mprotect, libc::SYS_remap_file_pages, libc::SYS_shmat]),
    (
        "memory that no limit counts",
        &[
            libc::SYS_shmget,
            libc::SYS_memfd_secret,
            libc::SYS_msgget,
            libc::SYS_semget,
            libc::SYS_mq_open,
            libc::SYS_mlock,
            libc::SYS_mlockall,
            libc::SYS_pipe2,
            libc::SYS_eventfd2,
            libc::SYS_epoll_create1,
            libc::SYS_inotify_init1,
            libc::SYS_fanotify_init,
            libc::SYS_timerfd_create,
            libc::SYS_signalfd4,
        ],
    ),
    (
        "descriptors elsewhere",
        &[libc::SYS_dup, libc::SYS_dup3, libc::SYS_splice, libc::SYS_sendfile, libc::SYS_copy_file_range],
    ),
    (
        "the machine",
        &[
            libc::SYS_reboot,
            libc::SYS_settimeofday,
            libc::SYS_clock_settime,
            libc::SYS_syslog,
            libc::SYS_acct,
            libc::SYS_swapon,
        ],
    ),
];

#[test]
fn no_way_out_is_left_in_any_phase() {
    for (phase, filters) in phases() {
        for (kind, numbers) in NEVER {
            for number in *numbers {
                for argument in [0, 1, 2, u64::MAX] {
                    assert_eq!(answer(&filters, *number, &[argument; 6]), EPERM, "{phase}: {kind}: {number}");
                }
            }
        }
    }
}

#[test]
fn clone3_whose_flags_cannot_be_looked_at_is_said_not_to_be_there() {
    let [compiling, lab, boxed] = phases();
    // The C library takes `clone` then.
    assert_eq!(answer(&compiling.1, libc::SYS_clone3, &[]), ENOSYS);
    assert_eq!(answer(&lab.1, libc::SYS_clone3, &[]), EPERM);
    assert_eq!(answer(&boxed.1, libc::SYS_clone3, &[]), EPERM);
}

/// Calls that are allowed in part: arguments, and the phases, compiling and living, in which they are allowed.
fn narrowed() -> Vec<(&'static str, i64, Vec<u64>, bool, bool)> {
    let own = u64::from(std::process::id());
    let (anonymous, shared, grows, huge) = (0x22, 0x21, 0x122, 0x4_0022);
    vec![
        ("a thread", libc::SYS_clone, vec![0x003D_0F00], true, false),
        ("a process", libc::SYS_clone, vec![17], false, false),
        ("a process as vfork makes it", libc::SYS_clone, vec![0x4111], false, false),
        ("a thread with a namespace", libc::SYS_clone, vec![0x003D_0F00 | 0x1000_0000], false, false),
        ("memory", libc::SYS_mmap, vec![0, 4096, 3, anonymous], true, true),
        ("memory that runs", libc::SYS_mmap, vec![0, 4096, 7, anonymous], true, false),
        ("memory that is shared", libc::SYS_mmap, vec![0, 4096, 3, shared], false, false),
        ("memory that is shared, and said to be checked", libc::SYS_mmap, vec![0, 4096, 3, 0x23], false, false),
        ("memory that grows like a stack", libc::SYS_mmap, vec![0, 4096, 3, grows], false, false),
        ("huge pages", libc::SYS_mmap, vec![0, 4096, 3, huge], false, false),
        ("pages that are written", libc::SYS_mprotect, vec![0, 4096, 3], true, true),
        ("pages that run", libc::SYS_mprotect, vec![0, 4096, 5], true, false),
        ("a file that is nowhere", libc::SYS_memfd_create, vec![], true, false),
        ("its size", libc::SYS_ftruncate, vec![3, 1 << 40], true, false),
        ("pages that were touched", libc::SYS_ioctl, vec![3, PAGEMAP_SCAN], true, true),
        ("typing into a terminal", libc::SYS_ioctl, vec![0, 0x5412], false, false),
        ("pasting into a console", libc::SYS_ioctl, vec![0, 0x541C], false, false),
        ("a second descriptor", libc::SYS_fcntl, vec![3, 1030], true, true),
        ("an owner, whom signals go to", libc::SYS_fcntl, vec![3, 8, 1], false, false),
        ("the signal that goes there", libc::SYS_fcntl, vec![3, 10, 9], false, false),
        ("an owner by its kind", libc::SYS_fcntl, vec![3, 15], false, false),
        ("the end of this process", libc::SYS_tgkill, vec![own, own, 6], true, true),
        ("the end of another one", libc::SYS_tgkill, vec![own + 1, own + 1, 9], false, false),
        ("a limit", libc::SYS_prlimit64, vec![0, 7], true, false),
        ("a limit of another process", libc::SYS_prlimit64, vec![1, 7], false, false),
        ("a name", libc::SYS_prctl, vec![15], true, false),
        ("no new privileges", libc::SYS_prctl, vec![38, 1], true, false),
        ("no dump", libc::SYS_prctl, vec![4, 0], true, false),
        ("a dump", libc::SYS_prctl, vec![4, 1], false, false),
        ("outliving the supervisor", libc::SYS_prctl, vec![1, 0], false, false),
        ("being traced by anyone", libc::SYS_prctl, vec![0x5961_6D61, u64::MAX], false, false),
        ("a speculation that was forbidden", libc::SYS_prctl, vec![53], false, false),
        ("one more filter", libc::SYS_seccomp, vec![1], true, false),
    ]
}

#[test]
fn of_calls_that_do_several_things_only_what_episodes_need_is_left() {
    let [compiling, lab, boxed] = phases();
    for (what, number, arguments, while_compiling, while_living) in narrowed() {
        let expected = |left: bool| if left { Answer::Left } else { EPERM };
        assert_eq!(answer(&compiling.1, number, &arguments), expected(while_compiling), "compiling: {what}");
        for (phase, filters) in [&lab, &boxed] {
            assert_eq!(answer(filters, number, &arguments), expected(while_living), "{phase}: {what}");
        }
    }
}

#[test]
fn calls_of_another_architecture_end_the_process_and_those_of_x32_are_refused() {
    for (phase, filters) in phases() {
        // 32 bits on x86: `write` there is `fork` here.
        for architecture in [0x4000_0003, 0x4000_0028, 0] {
            let seen = Seen { number: libc::SYS_read, architecture, arguments: [0; 6] };
            assert!(filters.iter().all(|filter| run(filter, seen) == Answer::Killed), "{phase}");
        }
        for number in 0..1024 {
            assert_eq!(answer(&filters, X32 | number, &[0; 6]), EPERM, "{phase}: {number}");
        }
    }
}

#[test]
fn where_no_workspace_is_granted_no_call_names_a_file() {
    let [_, lab, boxed] = phases();
    for number in FILES {
        assert_eq!(answer(&lab.1, *number, &[]), EPERM, "{number}");
        assert_eq!(answer(&boxed.1, *number, &[]), Answer::Left, "{number}");
    }
    for number in ALWAYS {
        assert_eq!(answer(&lab.1, *number, &[]), Answer::Left, "{number}");
    }
}

#[test]
fn what_is_not_listed_is_refused() {
    let listed: Vec<i64> = compiling().iter().map(|SystemCall(number, _)| *number).collect();
    for (phase, filters) in phases() {
        for number in (0..1024).filter(|number| !listed.contains(number)) {
            assert_eq!(answer(&filters, number, &[]), EPERM, "{phase}: {number}");
        }
    }
}
