//! Manual clock, seeded ids, temporary databases and in-process services for tests.
