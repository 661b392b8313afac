//! The rules of ARCHITECTURE.md, checked over cargo's metadata and the sources. Each rule is a function from what it judges
//! to what it finds, and is itself proved by a sample that breaks it.

mod architecture {
    mod confined;
    mod documents;
    mod faults;
    mod graph;
    mod manifests;
    mod rpcs;
    mod shape;
    mod source;
}
