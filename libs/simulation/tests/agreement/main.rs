//! The simulator, and with it the engine, agrees with mathematics: fixed seeds, 40 replications each, no more than four
//! standard errors off at any point. With `ONQUEUE_LONG=1` at every point and so long that half the interval is below 2 % of
//! the value; else at a few, and shorter.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the set is chosen by the environment, and the points are shown to whoever asks for them"
)]

mod cobham;
mod erlang;
mod estimators;
mod handling;
mod matching;
mod trial;

use erlang::erlang_c;
