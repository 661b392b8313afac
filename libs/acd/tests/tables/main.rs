//! One table per feature: what happens, and what the engine makes of it.

mod after_contact;
mod answers;
mod attended;
mod by_hand;
mod eligibility;
mod evaluation;
mod media;
mod methods;
mod offers;
mod steps;
