//! Architecture, authorization, journey and browser tests.
