//! The onqueue binary: any or all services in one process.
