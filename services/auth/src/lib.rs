//! Organisations, users, roles, tokens and audit.
