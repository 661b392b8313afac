//! Notices when the machine itself stands still: on one that is busy with other things, a thread that wants to wake up
//! every few milliseconds is late, and so is everything that is judged. Such times count as faults, and are told.

use crate::history::{Fault, History};
use onqueue_server::Clock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// How often the thread wants to wake up.
const PERIOD: Duration = Duration::from_millis(20);

/// By how much it may be late before that counts.
const LATE: Duration = Duration::from_millis(120);

/// Watches until it is dropped.
pub(super) struct Machine {
    is_over: Arc<AtomicBool>,
    stalls: Arc<AtomicUsize>,
}

impl Machine {
    /// Each stall counts as a fault that ends `grace` after it.
    pub fn watch(grace: Duration, history: History) -> Self {
        let machine = Self {
            is_over: Arc::default(),
            stalls: Arc::default(),
        };
        let (is_over, stalls) = (Arc::clone(&machine.is_over), Arc::clone(&machine.stalls));
        thread::spawn(move || {
            let time = Clock::system();
            while !is_over.load(Ordering::Relaxed) {
                let from = time.now();
                thread::sleep(PERIOD);
                let until = time.now();
                if until.since(from) > PERIOD + LATE {
                    stalls.fetch_add(1, Ordering::Relaxed);
                    history.fault(Fault {
                        from: from.millis(),
                        until: (until + grace).millis(),
                    });
                }
            }
        });
        machine
    }

    /// How often it stood still.
    pub fn stalls(&self) -> usize {
        self.stalls.load(Ordering::Relaxed)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}
