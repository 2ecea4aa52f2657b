//! The door to virtual time: a descriptor that is the world's. See ../../README.md.

use std::os::fd::BorrowedFd;
use std::time::Instant;

pub struct Door {
    number: i32,
    ours: i32,
    worlds: i32,
    beginning: Instant,
}

impl Door {
    /// The one that cede has opened for this process.
    pub fn open() -> Door {
        let number = std::env::var("CEDE_DOOR").ok().and_then(|number| number.parse().ok());
        let mut wake = [0; 2];
        assert_eq!(unsafe { libc::pipe2(wake.as_mut_ptr(), libc::O_NONBLOCK | libc::O_CLOEXEC) }, 0, "pipe2 fails");
        Door {
            number: number.expect("no CEDE_DOOR: this driver is started by cede, with its time preloaded"),
            ours: wake[0],
            worlds: wake[1],
            beginning: Instant::now(),
        }
    }

    /// A scenario begins.
    pub fn begin(&mut self, pace: &str) {
        self.tell(&format!("begin {pace} {}", self.worlds));
        self.beginning = Instant::now();
    }

    /// It is over, and what was not heard of it is gone.
    pub fn end(&self) {
        self.tell("end");
        self.drain();
    }

    /// What becomes ready to be read when a run is to be ended.
    pub fn wake(&self) -> BorrowedFd<'static> {
        unsafe { BorrowedFd::borrow_raw(self.ours) } // which is never closed
    }

    /// Ends the run as the world does.
    pub fn rouse(&self) {
        unsafe { libc::write(self.worlds, [0u8].as_ptr().cast(), 1) }; // a full pipe will do, too
    }

    pub fn drain(&self) {
        let mut bytes = [0u8; 64];
        while unsafe { libc::read(self.ours, bytes.as_mut_ptr().cast(), bytes.len()) } > 0 {}
    }

    pub fn tell(&self, command: &str) {
        let line = format!("{command}\n");
        let count = unsafe { libc::write(self.number, line.as_ptr().cast(), line.len()) };
        assert!(count >= 0, "the door refuses `{command}`");
    }

    /// What the world has seen since it was asked last.
    pub fn seen(&self) -> String {
        let mut bytes = vec![0u8; 1 << 16];
        let count = unsafe { libc::read(self.number, bytes.as_mut_ptr().cast(), bytes.len()) };
        bytes.truncate(count.max(0) as usize);
        String::from_utf8(bytes).expect("the door speaks ASCII")
    }

    /// Nanoseconds since the scenario began.
    pub fn now(&self) -> i64 {
        self.beginning.elapsed().as_nanos() as i64
    }

    /// The same door, for whoever plays.
    pub fn again(&self) -> Door {
        Door { ..*self }
    }

    pub fn beginning(&self) -> Instant {
        self.beginning
    }
}
