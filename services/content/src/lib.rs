//! Canned responses and scripts.
