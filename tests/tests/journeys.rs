//! Journeys through all services by the public door, with a clock that is moved by hand.
#![allow(clippy::disallowed_methods)]

#[path = "journeys/assistance.rs"]
mod assistance;
#[path = "journeys/attachments.rs"]
mod attachments;
#[path = "journeys/bad_input.rs"]
mod bad_input;
#[path = "journeys/erasing.rs"]
mod erasing;
#[path = "journeys/hours.rs"]
mod hours;
#[path = "journeys/inactivity.rs"]
mod inactivity;
#[path = "journeys/messaging.rs"]
mod messaging;
#[path = "journeys/offers.rs"]
mod offers;
#[path = "journeys/permissions.rs"]
mod permissions;
#[path = "journeys/responses.rs"]
mod responses;
#[path = "journeys/revocation.rs"]
mod revocation;
#[path = "journeys/scripts.rs"]
mod scripts;
#[path = "journeys/transfers.rs"]
mod transfers;
