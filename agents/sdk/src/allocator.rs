//! The global allocator: blocks of powers of two, cut from a static arena first.
//!
//! A small agent never grows its memory. That matters to the host: a `memory.grow` in every episode keeps two worker
//! threads from being faster than one. The arena is zeroed memory and takes no byte of the component.
//!
//! ```text
//!  alloc --> list of free blocks of that size --> the arena, from left to right --> memory.grow, 256 KiB or more
//!  free  --> back to the list of its size
//! ```
//!
//! 1. A block has at least 16 bytes and is aligned to 16.
//! 2. A block goes back to the list of its own size: blocks are neither split nor joined. The memory in use is at most
//!    twice the sum of the peaks of all sizes, however long the episode is.
//! 3. A block that is aligned to more than 16 is not used again. Such blocks are rare.

#![expect(unsafe_code, reason = "an allocator hands out raw memory; the component has one thread and owns its memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::memory_grow;
use core::cell::UnsafeCell;
use core::ptr::null_mut;

const ARENA: usize = 256 * 1024;
const PAGE: usize = 64 * 1024;
const SMALLEST: usize = 16;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator {
    arena: UnsafeCell::new([0; ARENA / SMALLEST]),
    state: UnsafeCell::new(State { free: [null_mut(); 32], next: 0, end: 0 }),
};

struct Allocator {
    arena: UnsafeCell<[u128; ARENA / SMALLEST]>,
    state: UnsafeCell<State>,
}

struct State {
    /// First free block of each power of two; a free block holds the address of the next.
    free: [*mut u8; 32],
    /// Address at which the next block is cut; 0 before the first one.
    next: usize,
    /// End of that memory.
    end: usize,
}

// SAFETY: a component has one thread.
unsafe impl Sync for Allocator {}

// SAFETY: blocks come from memory that nothing else uses, and a block is in a list only while it is free.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, and no call from here comes back here.
        let state = unsafe { &mut *self.state.get() };
        let Some(size) = block(layout.size()) else { return null_mut() };
        let class = size.trailing_zeros() as usize;
        let free = state.free[class];
        if !free.is_null() && layout.align() <= SMALLEST {
            // SAFETY: a free block is at least 16 bytes and holds the address of the next one.
            state.free[class] = unsafe { free.cast::<*mut u8>().read() };
            return free;
        }
        if state.next == 0 {
            state.next = self.arena.get() as usize;
            state.end = state.next + ARENA;
        }
        state.cut(size, layout.align().max(SMALLEST)).unwrap_or(null_mut())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        let state = unsafe { &mut *self.state.get() };
        let Some(size) = block(layout.size()) else { return };
        let class = size.trailing_zeros() as usize;
        if layout.align() <= SMALLEST {
            // SAFETY: the block is free from now on, and has at least 16 bytes.
            unsafe { pointer.cast::<*mut u8>().write(state.free[class]) };
            state.free[class] = pointer;
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if block(layout.size()) == block(size) {
            return pointer;
        }
        // SAFETY: the new block is another one and both have the smaller of the two sizes.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(pointer, size.min(layout.size()));
                self.dealloc(pointer, layout);
            }
            moved
        }
    }
}

impl State {
    /// Cuts a new block from the memory at hand, or from memory that the component grows by.
    fn cut(&mut self, size: usize, align: usize) -> Option<*mut u8> {
        if self.aligned(align)?.checked_add(size)? > self.end {
            let pages = size.checked_add(align)?.max(ARENA).div_ceil(PAGE);
            let before = memory_grow::<0>(pages);
            if before == usize::MAX {
                return None;
            }
            let start = before * PAGE;
            if start != self.end {
                self.next = start;
            }
            self.end = start.checked_add(pages * PAGE)?;
        }
        let block = self.aligned(align)?;
        self.next = block + size;
        Some(block as *mut u8)
    }

    fn aligned(&self, align: usize) -> Option<usize> {
        self.next.checked_next_multiple_of(align)
    }
}

/// Returns the size of the block for `bytes` bytes.
fn block(bytes: usize) -> Option<usize> {
    bytes.max(SMALLEST).checked_next_power_of_two()
}
