//! What every database must do for us. The suite is one body for all of them; each database only says how to make an
//! empty one. Beside it stands what only one of them does.
// A test has no Tasks, and measures real time.
#![allow(clippy::disallowed_methods)]

#[path = "contract/barred.rs"]
mod barred;
#[path = "contract/both.rs"]
mod both;
#[path = "contract/fixture.rs"]
mod fixture;
#[path = "contract/loss.rs"]
mod loss;
#[path = "contract/restart.rs"]
mod restart;
#[path = "contract/roles.rs"]
mod roles;
#[path = "contract/sqlite.rs"]
mod sqlite;
