//! Roles, grants, divisions and token claims.
