//! The only public door: authenticates, limits, forwards and serves the pages.
