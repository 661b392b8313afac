//! The service as its callers see it: real gRPC in this process, a real database, a clock moved by hand.

mod fixture;
mod large;
mod login;
mod refresh;
mod replicas;
mod seeding;
mod trust;
