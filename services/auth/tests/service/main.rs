//! The service as its callers see it: real gRPC in this process, a real database, a clock moved by hand.

mod access;
mod administered;
mod api_clients;
mod deployments;
mod explained;
mod fixture;
mod habits;
mod large;
mod login;
mod organisation;
mod passwords;
mod refresh;
mod replicas;
mod searching;
mod seeding;
mod trust;
