//! One table per feature: what happens, and what the engine makes of it.

mod answers;
mod eligibility;
mod offers;
mod steps;
