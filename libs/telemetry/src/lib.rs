//! Logs, traces and their propagation.
