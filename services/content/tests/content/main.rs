//! Content through real gRPC, on SQLite or (ONQUEUE_TEST_DATABASE=postgres) on PostgreSQL.

mod access;
mod conflicts;
mod fake_session;
mod habits;
mod libraries;
#[path = "../organisation/mod.rs"]
mod organisation;
mod render;
mod responses;
mod search;
mod seeding;
mod transfer;
mod uses;
mod world;
